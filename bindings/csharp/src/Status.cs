namespace SignSym
{
    /// <summary>What kind of failure a <see cref="SignSymException"/> tells of.</summary>
    public enum Status
    {
        /// <summary>No failure.</summary>
        Ok = Raw.SIGNSYM_OK,
        /// <summary>A parameter of the call.</summary>
        InvalidArgument = Raw.SIGNSYM_INVALID_ARGUMENT,
        /// <summary>A native handle that is no longer, or not what it should be.</summary>
        InvalidHandle = Raw.SIGNSYM_INVALID_HANDLE,
        /// <summary>A field of the config: <see cref="SignSymException.Field"/> says which.</summary>
        InvalidConfig = Raw.SIGNSYM_INVALID_CONFIG,
        /// <summary>A file, a folder or a name is not there.</summary>
        NotFound = Raw.SIGNSYM_NOT_FOUND,
        /// <summary>It is there already, and would have been overwritten.</summary>
        AlreadyExists = Raw.SIGNSYM_ALREADY_EXISTS,
        /// <summary>The system refused to read or write: permission, full disk.</summary>
        IO = Raw.SIGNSYM_IO,
        /// <summary>A file is not what it should be.</summary>
        BadData = Raw.SIGNSYM_BAD_DATA,
        /// <summary>A checkpoint, weights or data of another model.</summary>
        Mismatch = Raw.SIGNSYM_MISMATCH,
        /// <summary>Not by this build or this machine.</summary>
        Unsupported = Raw.SIGNSYM_UNSUPPORTED,
        /// <summary>There is no memory left.</summary>
        OutOfMemory = Raw.SIGNSYM_OUT_OF_MEMORY,
        /// <summary>The loss became NaN or infinite.</summary>
        Diverged = Raw.SIGNSYM_DIVERGED,
        /// <summary>The run was cancelled.</summary>
        Cancelled = Raw.SIGNSYM_CANCELLED,
        /// <summary>The object is in use by another call.</summary>
        Busy = Raw.SIGNSYM_BUSY,
        /// <summary>A progress handler or a data callback threw: the inner exception.</summary>
        CallbackFailed = Raw.SIGNSYM_CALLBACK_FAILED,
        /// <summary>A fault of the library: please report it.</summary>
        Internal = Raw.SIGNSYM_INTERNAL
    }
}
