# Plain comments of a header as Doxygen's: the file's first, those before a declaration, those after a constant.
1s:^/\* :/** @file\n:
1s:^// :/// @file\n/// :
/^\/\* ----/!s:^( *)/\* :\1/** :
s:^(  SIGNSYM_[A-Z0-9_]+ = [0-9]+,?) +/\* :\1 /**< :
s:^(typedef [^/]*;) +/\* :\1 /**< :
s:^( *)// :\1/// :
s:^(  [^/]*;) +// :\1 ///< :
