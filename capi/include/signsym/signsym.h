/* signsym: training without weight transport, for C99 and all that can call C.
 *
 * The life of a run:
 *   signsym_trainer_create_from_file("cifar10.textproto", &trainer, &error);
 *   signsym_trainer_on_event(trainer, on_event, NULL, NULL, &error);
 *   signsym_trainer_run(trainer, NULL, &error);
 *   signsym_trainer_free(trainer);
 *
 * Conventions, true of every function:
 * - A function that can fail returns a signsym_status and takes an optional signsym_error **: on failure *error is a
 *   new object to be freed (an old one is not freed for you: pass a NULL pointer variable); on success it is untouched.
 * - Handles are tokens of a registry, not addresses: one that was freed, or is of another type, is answered with
 *   SIGNSYM_INVALID_HANDLE. signsym_X_free(NULL) does nothing. Accessors of a wrong handle return their empty value.
 * - Text in is UTF-8 with a length; SIGNSYM_TEXT_LENGTH (or a file name) means NUL-terminated. Text out is
 *   NUL-terminated and lives as long as its handle.
 * - Nothing is printed, nothing aborts, no C++ exception comes out. Different handles may be used from different
 *   threads at once; one handle by one thread at a time, but for signsym_cancel_set, which any thread may call.
 * - Accuracies are in percent, times in seconds, angles in degrees.
 */
#ifndef SIGNSYM_SIGNSYM_H
#define SIGNSYM_SIGNSYM_H

#include <stddef.h>
#include <stdint.h>

#define SIGNSYM_VERSION_MAJOR 0
#define SIGNSYM_VERSION_MINOR 1
#define SIGNSYM_VERSION_PATCH 0

#if defined(SIGNSYM_STATIC)
#define SIGNSYM_API
#elif defined(__GNUC__)
#define SIGNSYM_API __attribute__((visibility("default")))
#else
#define SIGNSYM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t signsym_status;
enum {
  SIGNSYM_OK = 0,
  SIGNSYM_INVALID_ARGUMENT = 1, /* a parameter of the call */
  SIGNSYM_INVALID_HANDLE = 2,   /* NULL, freed, or of another type */
  SIGNSYM_INVALID_CONFIG = 3,   /* signsym_error_field says which field */
  SIGNSYM_NOT_FOUND = 4,        /* a file, a folder, a name */
  SIGNSYM_ALREADY_EXISTS = 5,   /* and would have been overwritten */
  SIGNSYM_IO = 6,               /* the system refused to read or write: permission, full disk */
  SIGNSYM_BAD_DATA = 7,         /* a file is not what it should be */
  SIGNSYM_MISMATCH = 8,         /* a checkpoint or weights of another model */
  SIGNSYM_UNSUPPORTED = 9,      /* by this build or this machine */
  SIGNSYM_OUT_OF_MEMORY = 10,
  SIGNSYM_DIVERGED = 11,        /* the loss became NaN or infinite */
  SIGNSYM_CANCELLED = 12,       /* by a cancel token; the checkpoint is written */
  SIGNSYM_BUSY = 13,            /* the handle is in use by another call */
  SIGNSYM_CALLBACK_FAILED = 14, /* a callback returned non-zero */
  SIGNSYM_INTERNAL = 15         /* a fault of the library: please report it */
};

typedef int32_t signsym_format;
enum { SIGNSYM_TEXT = 1, SIGNSYM_JSON = 2, SIGNSYM_BINARY = 3 };

/* A length that means: up to the NUL. */
#define SIGNSYM_TEXT_LENGTH UINT64_MAX

typedef struct signsym_error signsym_error;
typedef struct signsym_bytes signsym_bytes;
typedef struct signsym_config signsym_config;
typedef struct signsym_cancel signsym_cancel;
typedef struct signsym_trainer signsym_trainer;
typedef struct signsym_event signsym_event;

/* ---- the library ---------------------------------------------------------------------------------------------- */

/* "0.1.0"; static. */
SIGNSYM_API const char *signsym_version(void);
/* Counts incompatible changes of this header; equal numbers fit. */
SIGNSYM_API int32_t signsym_abi_version(void);
/* JSON: versions of signsym, LibTorch and Protobuf, the processor's features, threads, and the defaults chosen for
 * this machine (device, precision, memory format). The caller frees *out. */
SIGNSYM_API signsym_status signsym_build_info(signsym_bytes **out, signsym_error **error);

/* ---- errors --------------------------------------------------------------------------------------------------- */

SIGNSYM_API signsym_status signsym_error_status(const signsym_error *error);
/* One or more sentences: file or field, what was expected, what was found, what to do. "" for a wrong handle. */
SIGNSYM_API const char *signsym_error_message(const signsym_error *error);
/* Path of the config's field at fault ("optimizer.learning_rate"), or "". */
SIGNSYM_API const char *signsym_error_field(const signsym_error *error);
/* "SIGNSYM_IO" and so on; static; "" for no status of this library. */
SIGNSYM_API const char *signsym_status_name(signsym_status status);
SIGNSYM_API void signsym_error_free(signsym_error *error);

/* ---- bytes ---------------------------------------------------------------------------------------------------- */

/* The bytes, followed by a NUL that is not counted, so that text can be printed. NULL for a wrong handle. */
SIGNSYM_API const char *signsym_bytes_data(const signsym_bytes *bytes);
SIGNSYM_API uint64_t signsym_bytes_size(const signsym_bytes *bytes);
SIGNSYM_API void signsym_bytes_free(signsym_bytes *bytes);

/* ---- configs: proto/signsym/v1/experiment.proto ----------------------------------------------------------------- */

/* Parses; `source` names the bytes in errors (NULL: "config"). Only the form is checked: see signsym_config_check. */
SIGNSYM_API signsym_status signsym_config_create(const char *data, uint64_t size, signsym_format format,
                                                 const char *source, signsym_config **out, signsym_error **error);
/* By the name's ending: .json, .binpb or .pb (binary), else text. */
SIGNSYM_API signsym_status signsym_config_create_from_file(const char *path, signsym_config **out,
                                                           signsym_error **error);
/* The resolved config of a run folder. */
SIGNSYM_API signsym_status signsym_config_create_from_run(const char *folder, signsym_config **out,
                                                          signsym_error **error);
/* One field, by path and in text form: ("train.epochs", "2"), ("feedback.layer[0].rule", "BACKPROP"). */
SIGNSYM_API signsym_status signsym_config_set(signsym_config *config, const char *path, const char *value,
                                              signsym_error **error);
/* Ranges, required fields, contradictions. No file is opened. */
SIGNSYM_API signsym_status signsym_config_check(const signsym_config *config, signsym_error **error);
/* A new config in which every default is written out. */
SIGNSYM_API signsym_status signsym_config_resolve(const signsym_config *config, signsym_config **out,
                                                  signsym_error **error);
SIGNSYM_API signsym_status signsym_config_write(const signsym_config *config, signsym_format format,
                                                signsym_bytes **out, signsym_error **error);
/* SHA-256 in hex of the resolved config without the fields that only say where things lie. */
SIGNSYM_API signsym_status signsym_config_hash(const signsym_config *config, signsym_bytes **out,
                                               signsym_error **error);
SIGNSYM_API void signsym_config_free(signsym_config *config);

/* ---- cancelling ----------------------------------------------------------------------------------------------- */

SIGNSYM_API signsym_status signsym_cancel_create(signsym_cancel **out, signsym_error **error);
/* From any thread, and from a signal handler: the run ends after the step that it is in. */
SIGNSYM_API void signsym_cancel_set(signsym_cancel *cancel);
SIGNSYM_API int32_t signsym_cancel_is_set(const signsym_cancel *cancel);
SIGNSYM_API void signsym_cancel_free(signsym_cancel *cancel);

/* ---- events --------------------------------------------------------------------------------------------------- */

typedef int32_t signsym_event_kind;
enum {
  SIGNSYM_EVENT_START = 1,      /* the run begins or goes on: model, layers, data and machine are known */
  SIGNSYM_EVENT_STEP = 2,       /* after each step */
  SIGNSYM_EVENT_EVALUATION = 3, /* after each evaluation of the held-out part */
  SIGNSYM_EVENT_EPOCH = 4,      /* after each epoch and its evaluation */
  SIGNSYM_EVENT_CHECKPOINT = 5, /* a checkpoint is on the disk */
  SIGNSYM_EVENT_LOG = 6,        /* something a person should know: signsym_event_text */
  SIGNSYM_EVENT_END = 7         /* the run is over */
};

/* An event is the callback's own for the time of the call. What an event does not carry is 0, NaN or "". */
SIGNSYM_API signsym_event_kind signsym_event_type(const signsym_event *event);
/* Epoch, 1 the first; of `epochs`. */
SIGNSYM_API int64_t signsym_event_epoch(const signsym_event *event);
SIGNSYM_API int64_t signsym_event_epochs(const signsym_event *event);
/* Steps done since the beginning of the run (of the resumed one too). */
SIGNSYM_API int64_t signsym_event_step(const signsym_event *event);
/* Steps done in this epoch; of steps_per_epoch. */
SIGNSYM_API int64_t signsym_event_step_in_epoch(const signsym_event *event);
SIGNSYM_API int64_t signsym_event_steps_per_epoch(const signsym_event *event);
/* STEP: this batch's. EPOCH: mean of the epoch's training. EVALUATION: of the held-out part. */
SIGNSYM_API double signsym_event_loss(const signsym_event *event);
/* Percent. STEP: running, of this epoch's training; EPOCH and EVALUATION: of the held-out part (NaN if not evaluated). */
SIGNSYM_API double signsym_event_top1(const signsym_event *event);
SIGNSYM_API double signsym_event_top5(const signsym_event *event);
/* EPOCH: of the epoch's training, percent. */
SIGNSYM_API double signsym_event_train_top1(const signsym_event *event);
SIGNSYM_API double signsym_event_learning_rate(const signsym_event *event);
/* Training samples a second, lately. */
SIGNSYM_API double signsym_event_samples_per_second(const signsym_event *event);
/* Since the run began; time that an earlier part of a resumed run took is in it. */
SIGNSYM_API double signsym_event_seconds(const signsym_event *event);
/* CHECKPOINT: its file. LOG: the message. END: "finished", "cancelled", "diverged" or "failed". */
SIGNSYM_API const char *signsym_event_text(const signsym_event *event);
/* The whole event as one line of JSON, as in metrics.jsonl (docs/run-folder.md). */
SIGNSYM_API const char *signsym_event_json(const signsym_event *event);

/* Non-zero stops the run after this step, as a cancel token does: signsym_trainer_run returns
 * SIGNSYM_CALLBACK_FAILED, the checkpoint is written. */
typedef int (*signsym_event_fn)(const signsym_event *event, void *user_data);
typedef void (*signsym_destroy_fn)(void *user_data);

/* ---- training ------------------------------------------------------------------------------------------------- */

/* From a config, which is copied. Data and model are made here: errors of both are told here. With output.folder set,
 * the folder is made; one that already holds a run is SIGNSYM_ALREADY_EXISTS. */
SIGNSYM_API signsym_status signsym_trainer_create(const signsym_config *config, signsym_trainer **out,
                                                  signsym_error **error);
SIGNSYM_API signsym_status signsym_trainer_create_from_file(const char *path, signsym_trainer **out,
                                                            signsym_error **error);
/* Goes on with a run folder at its newest whole checkpoint (a damaged one is passed over, and a LOG event says so).
 * `overrides`: a config handle or NULL; only fields that say where things lie are read from it. */
SIGNSYM_API signsym_status signsym_trainer_resume(const char *folder, const signsym_config *overrides,
                                                  signsym_trainer **out, signsym_error **error);
/* One callback for each trainer; a new one replaces it. It is called on the thread that called run. `destroy` (or
 * NULL) is called exactly once: when replaced, or when the trainer goes; at once if this call fails. */
SIGNSYM_API signsym_status signsym_trainer_on_event(signsym_trainer *trainer, signsym_event_fn function,
                                                    void *user_data, signsym_destroy_fn destroy,
                                                    signsym_error **error);
/* Trains to the end of the config. `cancel` may be NULL. After SIGNSYM_CANCELLED or SIGNSYM_CALLBACK_FAILED another
 * call goes on. */
SIGNSYM_API signsym_status signsym_trainer_run(signsym_trainer *trainer, signsym_cancel *cancel,
                                               signsym_error **error);
/* The model on the held-out part: mean loss, top-1 and top-5 in percent, samples. Any out may be NULL. */
SIGNSYM_API signsym_status signsym_trainer_evaluate(signsym_trainer *trainer, double *loss, double *top1, double *top5,
                                                    int64_t *samples, signsym_error **error);
/* Loads a model.safetensors (or the model part of a checkpoint): names and shapes must be the model's. */
SIGNSYM_API signsym_status signsym_trainer_load_weights(signsym_trainer *trainer, const char *path,
                                                        signsym_error **error);
/* Parameters and buffers to a file that torchvision's model of the name loads. Atomic. */
SIGNSYM_API signsym_status signsym_trainer_save_weights(signsym_trainer *trainer, const char *path,
                                                        signsym_error **error);
/* The config as the run uses it: defaults written out, AUTO decided. The caller frees *out. */
SIGNSYM_API signsym_status signsym_trainer_config(const signsym_trainer *trainer, signsym_config **out,
                                                  signsym_error **error);
/* Legal at any time, in a callback too: a run that goes on is cancelled and its memory goes when it has returned. */
SIGNSYM_API void signsym_trainer_free(signsym_trainer *trainer);

#ifdef __cplusplus
}
#endif

#endif
