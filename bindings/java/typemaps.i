/* How the types of the C ABI travel in Java (../signsym.i says which): handles as long, text as String, bytes as
 * byte[]. A function with a status returns what it made (else 0) or throws SignSymException. */
%{
#include "host.h"
%}

%pragma(java) moduleclassmodifiers="public final class"
%pragma(java) jniclassclassmodifiers="final class"
%javaconst(1);

%define SIGNSYM_JAVA_TYPE(JNI, JAVA, TYPE...)
%typemap(jni) TYPE "JNI"
%typemap(jtype) TYPE "JAVA"
%typemap(jstype) TYPE "JAVA"
%typemap(javain) TYPE "$javainput"
%typemap(javaout) TYPE { return $jnicall; }
%enddef

%define SIGNSYM_HANDLE(T)
SIGNSYM_JAVA_TYPE(jlong, long, T *)
SIGNSYM_JAVA_TYPE(jlong, long, const T *)
%typemap(in) T *, const T * "$1 = ($1_ltype)(intptr_t)$input;"
%typemap(out) T *, const T * "$result = (jlong)(intptr_t)$1;"
%typemap(in, numinputs=0) T **out ($*1_ltype made = NULL) "$1 = &made;"
%typemap(argout) T **out "$result = (jlong)(intptr_t)*$1;"
%enddef

SIGNSYM_JAVA_TYPE(jlong, long, signsym_status)
%typemap(in) signsym_status "$1 = (signsym_status)$input;"
%typemap(out) signsym_status "$result = $1;"
%typemap(in, numinputs=0) signsym_error **error (signsym_error *failure = NULL) "$1 = &failure;"
%typemap(argout) signsym_error **error "if (result != SIGNSYM_OK) signsym_java_throw(jenv, result, *$1);"

SIGNSYM_JAVA_TYPE(jlong, long, uint64_t)
%typemap(in) uint64_t "$1 = (uint64_t)$input;"
%typemap(out) uint64_t "$result = (jlong)$1;"

/* JNI's own strings are not UTF-8 where it matters. */
%typemap(jni) const char * "jbyteArray"
%typemap(jtype) const char * "byte[]"
%typemap(jstype) const char * "String"
%typemap(javain) const char * "Text.toNative($javainput)"
%typemap(javaout) const char * { return Text.fromNative($jnicall); }
%typemap(in) const char * {
  $1 = NULL;
  if ($input && !($1 = (char *)(*jenv)->GetByteArrayElements(jenv, $input, NULL))) return $null;
}
%typemap(freearg) const char * "if ($1) (*jenv)->ReleaseByteArrayElements(jenv, $input, (jbyte *)$1, JNI_ABORT);"
%typemap(out) const char * "$result = signsym_java_bytes(jenv, $1, strlen($1));"

SIGNSYM_JAVA_TYPE(jbyteArray, byte[], (const char *data, uint64_t size))
%typemap(in) (const char *data, uint64_t size) {
  $1 = NULL;
  $2 = 0;
  if ($input) {
    $2 = (uint64_t)(*jenv)->GetArrayLength(jenv, $input);
    if (!($1 = (char *)(*jenv)->GetByteArrayElements(jenv, $input, NULL))) return $null;
  }
}
%typemap(freearg) (const char *data, uint64_t size)
  "if ($1) (*jenv)->ReleaseByteArrayElements(jenv, $input, (jbyte *)$1, JNI_ABORT);"

SIGNSYM_JAVA_TYPE(jbyteArray, byte[], const char *signsym_bytes_data)
%typemap(out) const char *signsym_bytes_data
  "$result = $1 ? signsym_java_bytes(jenv, $1, signsym_bytes_size(arg1)) : NULL;"

/* Callbacks: the Java object is the user data, kept by a global reference. */
SIGNSYM_JAVA_TYPE(jobject, EventCallback,
                  (signsym_event_fn function, void *user_data, signsym_destroy_fn destroy))
%typemap(in) (signsym_event_fn function, void *user_data, signsym_destroy_fn destroy)
  "$1 = signsym_java_on_event; $2 = signsym_java_keep(jenv, $input); $3 = signsym_java_let_go;"
SIGNSYM_JAVA_TYPE(jobject, SampleCallback,
                  (signsym_sample_fn function, void *user_data, signsym_destroy_fn destroy))
%typemap(in) (signsym_sample_fn function, void *user_data, signsym_destroy_fn destroy)
  "$1 = signsym_java_sample; $2 = signsym_java_keep(jenv, $input); $3 = signsym_java_let_go;"
SIGNSYM_JAVA_TYPE(jobject, Object, (void *user_data, signsym_destroy_fn destroy))
%typemap(in) (void *user_data, signsym_destroy_fn destroy)
  "$1 = signsym_java_keep(jenv, $input); $2 = signsym_java_let_go;"

/* Memory: direct buffers. */
SIGNSYM_JAVA_TYPE(jobject, java.nio.Buffer, void *data)
%typemap(in) void *data "$1 = (*jenv)->GetDirectBufferAddress(jenv, $input);"
SIGNSYM_JAVA_TYPE(jobject, java.nio.ByteBuffer, void *tensor_data)
%typemap(out) void *tensor_data "$result = (*jenv)->NewDirectByteBuffer(jenv, $1, tensor_bytes(arg1));"

SIGNSYM_JAVA_TYPE(jlongArray, long[], const int64_t *)
%typemap(in) const int64_t * {
  $1 = NULL;
  if ($input && !($1 = (int64_t *)(*jenv)->GetLongArrayElements(jenv, $input, NULL))) return $null;
}
%typemap(freearg) const int64_t *
  "if ($1) (*jenv)->ReleaseLongArrayElements(jenv, $input, (jlong *)$1, JNI_ABORT);"

SIGNSYM_JAVA_TYPE(jlong, long, const DLTensor *)
%typemap(in) const DLTensor *
  "$1 = $input ? &((struct DLManagedTensorVersioned *)(intptr_t)$input)->dl_tensor : NULL;"
