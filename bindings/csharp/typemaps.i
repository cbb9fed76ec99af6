// The raw layer of C#: internal, one static method for each function of the C ABI, nothing converted but what each
// caller would convert in the same way. Handles are SafeHandles, so that none is freed while a call uses it.

%pragma(csharp) moduleclassmodifiers="internal static class"
%pragma(csharp) imclassclassmodifiers="internal static class"
%csconst(1);

// What a program may call first, after Natives.Load(). Mono looks for a native function when it compiles the method that
// calls it: those must not be compiled into their callers.
%define SIGNSYM_FIRST(FUNCTION)
%csmethodmodifiers FUNCTION "[System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
  public"
%enddef
SIGNSYM_FIRST(signsym_version)
SIGNSYM_FIRST(signsym_build_info)
SIGNSYM_FIRST(signsym_config_create)
SIGNSYM_FIRST(signsym_config_create_from_file)
SIGNSYM_FIRST(signsym_config_create_from_run)
SIGNSYM_FIRST(signsym_tensor_wrap)
SIGNSYM_FIRST(signsym_dataset_create_from_callback)
SIGNSYM_FIRST(signsym_model_load)
SIGNSYM_FIRST(signsym_trainer_create_from_file)
SIGNSYM_FIRST(signsym_trainer_resume)
SIGNSYM_FIRST(signsym_trainer_resume_with)

// T, passed as it is: C_TYPE in C, CS_TYPE in C#.
%define SIGNSYM_PLAIN(C_TYPE, CS_TYPE, T...)
%typemap(ctype, out="C_TYPE") T "C_TYPE"
%typemap(imtype) T "CS_TYPE"
%typemap(cstype) T "CS_TYPE"
%typemap(csin) T "$csinput"
%typemap(in) T %{ $1 = ($1_ltype)$input; %}
%typemap(out) T %{ $result = (C_TYPE)$1; %}
%typemap(csout, excode="") T { return $imcall; }
%enddef

// C_TYPE *, and C_TYPE ** for a new one. A name of RELEASED marks the function that frees: it is called by the
// SafeHandle with the bare pointer.
%define SIGNSYM_SAFE_HANDLE(C_TYPE, CS_TYPE)
SIGNSYM_PLAIN(void *, CS_TYPE, C_TYPE *)
SIGNSYM_PLAIN(void *, CS_TYPE, const C_TYPE *)
SIGNSYM_PLAIN(void *, System.IntPtr, C_TYPE *RELEASED)
%typemap(ctype) C_TYPE ** "void **"
%typemap(imtype) C_TYPE ** "out CS_TYPE"
%typemap(cstype) C_TYPE ** "out CS_TYPE"
%typemap(csin) C_TYPE ** "out $csinput"
%typemap(in) C_TYPE ** %{ $1 = (C_TYPE **)$input; *$1 = 0; %}
%enddef

// The function that frees: its first declaration is the one that counts.
%define SIGNSYM_FREE(FUNCTION, C_TYPE)
void FUNCTION(C_TYPE *RELEASED);
%enddef

SIGNSYM_SAFE_HANDLE(signsym_error, ErrorHandle)
SIGNSYM_SAFE_HANDLE(signsym_bytes, BytesHandle)
SIGNSYM_SAFE_HANDLE(signsym_config, ConfigHandle)
SIGNSYM_SAFE_HANDLE(signsym_cancel, CancelHandle)
SIGNSYM_SAFE_HANDLE(signsym_dataset, DatasetHandle)
SIGNSYM_SAFE_HANDLE(signsym_model, ModelHandle)
SIGNSYM_SAFE_HANDLE(signsym_trainer, TrainerHandle)
SIGNSYM_SAFE_HANDLE(struct DLManagedTensorVersioned, TensorHandle)
SIGNSYM_FREE(signsym_error_free, signsym_error)
SIGNSYM_FREE(signsym_bytes_free, signsym_bytes)
SIGNSYM_FREE(signsym_config_free, signsym_config)
SIGNSYM_FREE(signsym_cancel_free, signsym_cancel)
SIGNSYM_FREE(signsym_dataset_free, signsym_dataset)
SIGNSYM_FREE(signsym_model_free, signsym_model)
SIGNSYM_FREE(signsym_trainer_free, signsym_trainer)
SIGNSYM_FREE(signsym_tensor_free, struct DLManagedTensorVersioned)

// The callback's own for the time of the call.
SIGNSYM_PLAIN(void *, System.IntPtr, const signsym_event *)
// Each has its class above.
%define SIGNSYM_HANDLE(C_TYPE)
%enddef
// Borrowed for the call: a part of a tensor that C# holds.
SIGNSYM_PLAIN(void *, TensorHandle, const DLTensor *)
%typemap(in) const DLTensor * %{ $1 = $input ? &((struct DLManagedTensorVersioned *)$input)->dl_tensor : 0; %}
SIGNSYM_PLAIN(void *, System.IntPtr, void *)

// Static delegates, whose C# side never throws.
SIGNSYM_PLAIN(signsym_event_fn, EventFunction, signsym_event_fn)
SIGNSYM_PLAIN(signsym_sample_fn, SampleFunction, signsym_sample_fn)
SIGNSYM_PLAIN(signsym_destroy_fn, DestroyFunction, signsym_destroy_fn)

// Text in: UTF-8 with a NUL, or NULL. Text out is copied.
%typemap(ctype, out="const char *") const char * "const char *"
%typemap(imtype, out="System.IntPtr") const char * "byte[]"
%typemap(cstype) const char * "string"
%typemap(csin) const char * "Utf8.Bytes($csinput)"
%typemap(in) const char * %{ $1 = ($1_ltype)$input; %}
%typemap(out) const char * %{ $result = $1; %}
%typemap(csout, excode="") const char * {
    return Utf8.Text($imcall);
  }
// Bytes in go with a length; bytes out live as long as their handle.
SIGNSYM_PLAIN(const char *, byte[], const char *data)
%typemap(cstype) const char *signsym_bytes_data "System.IntPtr"
%typemap(csout, excode="") const char *signsym_bytes_data {
    return $imcall;
  }

SIGNSYM_PLAIN(const int64_t *, long[], const int64_t *)
