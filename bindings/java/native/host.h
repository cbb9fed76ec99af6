/* What the JNI library does by hand: callbacks into Java, and exceptions out of statuses. */
#ifndef SIGNSYM_JAVA_HOST_H
#define SIGNSYM_JAVA_HOST_H

#include <jni.h>
#include <signsym/signsym.h>
#include <string.h>

/* Throws org.signsym.SignSymException; the error is freed. */
void signsym_java_throw(JNIEnv *env, signsym_status status, signsym_error *error);
/* A new byte[]; NULL with an exception where memory is short, or they are more than one holds. */
jbyteArray signsym_java_bytes(JNIEnv *env, const char *data, uint64_t size);

/* A Java object as user data, and its destroy function. */
void *signsym_java_keep(JNIEnv *env, jobject object);
void signsym_java_let_go(void *object);

/* Call an EventCallback, a SampleCallback; from any thread. */
int signsym_java_on_event(const signsym_event *event, void *object);
int signsym_java_sample(int64_t index, void *sample, int64_t *label, void *object);

#endif
