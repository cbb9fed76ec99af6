#include "host.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#define TOO_MANY UINT64_C(0x7fffffc7) /* bytes for an array: some machines end before 2^31 - 1 */

static JavaVM *vm;
static pthread_key_t attached; /* its destructor detaches a thread of the library's when it ends */
static jclass exception_class;
static jmethodID raise_method, event_method, sample_method;
static jfieldID sample_size_field;

static void detach(void *unused) {
  (void)unused;
  (*vm)->DetachCurrentThread(vm);
}

/* That of this thread, which is attached if need be; NULL when the machine is going down. */
static JNIEnv *environment(void) {
  void *env = NULL;
  if ((*vm)->GetEnv(vm, &env, JNI_VERSION_10) == JNI_OK) return env;
  JavaVMAttachArgs arguments = {JNI_VERSION_10, (char *)"signsym", NULL};
  if ((*vm)->AttachCurrentThreadAsDaemon(vm, &env, &arguments) != JNI_OK) return NULL;
  pthread_setspecific(attached, env);
  return env;
}

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *machine, void *reserved) {
  (void)reserved;
  JNIEnv *env = NULL;
  vm = machine;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_10) != JNI_OK) return JNI_ERR;
  if (pthread_key_create(&attached, detach) != 0) return JNI_ERR;
  jclass found = (*env)->FindClass(env, "org/signsym/SignSymException");
  if (!found || !(exception_class = (*env)->NewGlobalRef(env, found))) return JNI_ERR;
  raise_method = (*env)->GetStaticMethodID(env, found, "raise", "(I[B[B)V");
  if (!raise_method || !(found = (*env)->FindClass(env, "org/signsym/internal/EventCallback"))) return JNI_ERR;
  event_method = (*env)->GetMethodID(env, found, "call", "(J)I");
  if (!event_method || !(found = (*env)->FindClass(env, "org/signsym/internal/SampleCallback"))) return JNI_ERR;
  sample_method = (*env)->GetMethodID(env, found, "call", "(JLjava/nio/ByteBuffer;)J");
  if (!sample_method || !(sample_size_field = (*env)->GetFieldID(env, found, "sampleBytes", "J"))) return JNI_ERR;
  return JNI_VERSION_10;
}

/* A new byte[] of what fits one; NULL with an exception where memory is short. */
static jbyteArray array_of(JNIEnv *env, const char *data, uint64_t size) {
  jbyteArray array = (*env)->NewByteArray(env, (jsize)size);
  if (array) (*env)->SetByteArrayRegion(env, array, 0, (jsize)size, (const jbyte *)data);
  return array;
}

static void raise_exception(JNIEnv *env, signsym_status status, const char *message, const char *field) {
  jbyteArray texts[2] = {NULL, NULL};
  texts[0] = array_of(env, message, strlen(message));
  if (texts[0]) texts[1] = array_of(env, field, strlen(field));
  if (texts[1]) (*env)->CallStaticVoidMethod(env, exception_class, raise_method, (jint)status, texts[0], texts[1]);
}

jbyteArray signsym_java_bytes(JNIEnv *env, const char *data, uint64_t size) {
  if (size >= TOO_MANY) {
    char message[128];
    snprintf(message, sizeof message, "%" PRIu64 " bytes are more than an array of Java holds: write to a file instead "
             "(Trainer.saveCheckpoint)", size);
    raise_exception(env, SIGNSYM_UNSUPPORTED, message, "");
    return NULL;
  }
  return array_of(env, data, size);
}

void signsym_java_throw(JNIEnv *env, signsym_status status, signsym_error *error) {
  if (!(*env)->ExceptionCheck(env))
    raise_exception(env, status, signsym_error_message(error), signsym_error_field(error));
  signsym_error_free(error);
}

void *signsym_java_keep(JNIEnv *env, jobject object) { return (*env)->NewGlobalRef(env, object); }

void signsym_java_let_go(void *object) {
  JNIEnv *env = environment();
  if (env && object) (*env)->DeleteGlobalRef(env, object);
}

/* 1 if a call threw what not even the callback's own catch could hold (StackOverflowError); it ends here. */
static int threw(JNIEnv *env) {
  if (!(*env)->ExceptionCheck(env)) return 0;
  (*env)->ExceptionClear(env);
  return 1;
}

int signsym_java_on_event(const signsym_event *event, void *object) {
  JNIEnv *env = environment();
  if (!env) return 1;
  const jint result = (*env)->CallIntMethod(env, object, event_method, (jlong)(intptr_t)event);
  return threw(env) ? 1 : result;
}

int signsym_java_sample(int64_t index, void *sample, int64_t *label, void *object) {
  JNIEnv *env = environment();
  if (!env) return 1;
  jobject buffer = (*env)->NewDirectByteBuffer(env, sample, (*env)->GetLongField(env, object, sample_size_field));
  if (!buffer) return threw(env), 1;
  const jlong result = (*env)->CallLongMethod(env, object, sample_method, (jlong)index, buffer);
  const int failed = threw(env);
  (*env)->DeleteLocalRef(env, buffer);
  if (failed || result == INT64_MIN) return 1;
  *label = result;
  return 0;
}
