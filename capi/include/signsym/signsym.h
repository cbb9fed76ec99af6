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
 * - A handle in *out is new and the caller's: signsym_X_free ends it. A call that fails changes nothing: *out and the
 *   objects stay as they were. A NULL where a pointer must be is SIGNSYM_INVALID_ARGUMENT.
 * - Handles are tokens of a registry, not addresses: NULL, one that was freed, and one of another type or from
 *   elsewhere are answered with SIGNSYM_INVALID_HANDLE, by accessors with their empty value: 0, NaN, "" or NULL.
 *   signsym_X_free of such a one does nothing.
 * - Text is UTF-8. Configs go in with a length (SIGNSYM_TEXT_LENGTH: up to the NUL); file names, paths and values end
 *   with a NUL. Text out ends with a NUL and lives as long as its handle.
 * - Nothing is printed, nothing aborts, no C++ exception comes out. Different handles may be used from different
 *   threads at once; one handle by one thread at a time, except where the function says more.
 * - The calling thread's rounding, denormals and traps of floating point, its LibTorch modes and errno are as they were
 *   when a call returns, and change nothing in it.
 * - exit() is legal at any time, in callbacks too: runs end, and it waits for the threads that are inside the library.
 *   What begins after that, and everything in a child that was forked after the first use, is SIGNSYM_UNSUPPORTED.
 * - Accuracies are in percent, times in seconds, angles in degrees.
 * - Everything is there since 0.1.0, unless its comment names a later version.
 */
#ifndef SIGNSYM_SIGNSYM_H
#define SIGNSYM_SIGNSYM_H

#include <signsym/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNSYM_VERSION_MAJOR 0
#define SIGNSYM_VERSION_MINOR 1
#define SIGNSYM_VERSION_PATCH 0

#if defined(__GNUC__)
#define SIGNSYM_API __attribute__((visibility("default")))
#else
#define SIGNSYM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. */
typedef int32_t signsym_status;
enum {
  SIGNSYM_OK = 0,
  SIGNSYM_INVALID_ARGUMENT = 1, /* a parameter of the call */
  SIGNSYM_INVALID_HANDLE = 2,   /* NULL, freed, from elsewhere, or of another type */
  SIGNSYM_INVALID_CONFIG = 3,   /* signsym_error_field says which field */
  SIGNSYM_NOT_FOUND = 4,        /* a file, a folder, a name */
  SIGNSYM_ALREADY_EXISTS = 5,   /* and would have been overwritten */
  SIGNSYM_IO = 6,               /* the system refused to read or write: permission, full disk */
  SIGNSYM_BAD_DATA = 7,         /* a file is not what it should be */
  SIGNSYM_MISMATCH = 8,         /* a checkpoint, weights or data of another model */
  SIGNSYM_UNSUPPORTED = 9,      /* by this build or this machine */
  SIGNSYM_OUT_OF_MEMORY = 10,
  SIGNSYM_DIVERGED = 11,        /* the loss became NaN or infinite */
  SIGNSYM_CANCELLED = 12,       /* by a cancel token; the checkpoint is written */
  SIGNSYM_BUSY = 13,            /* the handle is in use by another call */
  SIGNSYM_CALLBACK_FAILED = 14, /* a callback returned non-zero */
  SIGNSYM_INTERNAL = 15         /* a fault of the library: please report it */
};

/* Forms of a config and of other messages. */
typedef int32_t signsym_format;
enum { SIGNSYM_TEXT = 1, SIGNSYM_JSON = 2, SIGNSYM_BINARY = 3 };

/* A length that means: up to the NUL. */
#define SIGNSYM_TEXT_LENGTH UINT64_MAX

typedef struct signsym_error signsym_error;     /* why a call failed */
typedef struct signsym_bytes signsym_bytes;     /* what a call wrote */
typedef struct signsym_config signsym_config;   /* what a run is to be: an Experiment message */
typedef struct signsym_cancel signsym_cancel;   /* a token that ends runs early */
typedef struct signsym_dataset signsym_dataset; /* samples with labels */
typedef struct signsym_model signsym_model;     /* a network with what it takes to use it */
typedef struct signsym_trainer signsym_trainer; /* a run */
typedef struct signsym_event signsym_event;     /* what a run tells its callback */

/* Frees what a host gave together with a callback or memory. A C++ exception from it is dropped. */
typedef void (*signsym_destroy_fn)(void *user_data);

/* ---- the library ---------------------------------------------------------------------------------------------- */

/* "0.1.0"; static. */
SIGNSYM_API const char *signsym_version(void);
/* Counts incompatible changes of this header; equal numbers fit. */
SIGNSYM_API int32_t signsym_abi_version(void);
/* A BuildInfo message (proto/signsym/v1/build_info.proto) as text, JSON or binary: versions of signsym, LibTorch,
 * Protobuf and CUDA, the processor's features, threads, and what AUTO means on this machine. The caller frees *out. */
SIGNSYM_API signsym_status signsym_build_info(signsym_format format, signsym_bytes **out, signsym_error **error);

/* ---- errors --------------------------------------------------------------------------------------------------- */

/* What the failed call returned. SIGNSYM_OK for NULL: no error; SIGNSYM_INVALID_HANDLE for another wrong handle. */
SIGNSYM_API signsym_status signsym_error_status(const signsym_error *error);
/* One or more sentences: file or field, what was expected, what was found, what to do. A byte that is no UTF-8 (of a
 * file's name) stands in it as a backslash, x and two digits of hex. */
SIGNSYM_API const char *signsym_error_message(const signsym_error *error);
/* Path of the config's field at fault ("optimizer.learning_rate"), or "". */
SIGNSYM_API const char *signsym_error_field(const signsym_error *error);
/* "SIGNSYM_IO" and so on; static; "" for no status of this library. */
SIGNSYM_API const char *signsym_status_name(signsym_status status);
/* Its texts go with it. */
SIGNSYM_API void signsym_error_free(signsym_error *error);

/* ---- bytes ---------------------------------------------------------------------------------------------------- */

/* The bytes, followed by a NUL that is not counted, so that text can be printed. They live as long as the handle. */
SIGNSYM_API const char *signsym_bytes_data(const signsym_bytes *bytes);
/* How many, without the NUL. */
SIGNSYM_API uint64_t signsym_bytes_size(const signsym_bytes *bytes);
/* What signsym_bytes_data gave goes with it. */
SIGNSYM_API void signsym_bytes_free(signsym_bytes *bytes);

/* ---- configs: proto/signsym/v1/experiment.proto ----------------------------------------------------------------- */

/* Any number of threads may use one at once, as long as none of them sets a field. */

/* Parses `size` bytes, which are copied; a binary config has no SIGNSYM_TEXT_LENGTH. `source` names them in errors
 * (NULL: "config"). Only the form is checked, see signsym_config_check: SIGNSYM_INVALID_CONFIG. */
SIGNSYM_API signsym_status signsym_config_create(const char *data, uint64_t size, signsym_format format,
                                                 const char *source, signsym_config **out, signsym_error **error);
/* Format by the name's ending: .json, .binpb or .pb (binary), else text. SIGNSYM_NOT_FOUND, SIGNSYM_IO,
 * SIGNSYM_INVALID_CONFIG. */
SIGNSYM_API signsym_status signsym_config_create_from_file(const char *path, signsym_config **out,
                                                           signsym_error **error);
/* The resolved config of a run folder. SIGNSYM_NOT_FOUND where no run is. */
SIGNSYM_API signsym_status signsym_config_create_from_run(const char *folder, signsym_config **out,
                                                          signsym_error **error);
/* One field, by path and in text form: ("train.epochs", "2"), ("feedback.layer[0].rule", "BACKPROP"). An index may be
 * one past the list's end; a message takes "{}". SIGNSYM_INVALID_CONFIG. */
SIGNSYM_API signsym_status signsym_config_set(signsym_config *config, const char *path, const char *value,
                                              signsym_error **error);
/* A new config that says the same, of the same source: for one more field set in each of a sweep. */
SIGNSYM_API signsym_status signsym_config_copy(const signsym_config *config, signsym_config **out,
                                               signsym_error **error);
/* Ranges, required fields, contradictions: SIGNSYM_INVALID_CONFIG. No file is opened. */
SIGNSYM_API signsym_status signsym_config_check(const signsym_config *config, signsym_error **error);
/* A new config in which every default is written out. Checks first, as signsym_config_check does. */
SIGNSYM_API signsym_status signsym_config_resolve(const signsym_config *config, signsym_config **out,
                                                  signsym_error **error);
/* As it is, in any format: what was set, and no default. */
SIGNSYM_API signsym_status signsym_config_write(const signsym_config *config, signsym_format format,
                                                signsym_bytes **out, signsym_error **error);
/* SHA-256 in hex of the resolved config without the fields that only say where things lie. Checks first. */
SIGNSYM_API signsym_status signsym_config_hash(const signsym_config *config, signsym_bytes **out,
                                               signsym_error **error);
/* Legal at any time: what was made from the config has a copy. */
SIGNSYM_API void signsym_config_free(signsym_config *config);

/* ---- tensors: DLPack 1 (dlpack.h) -------------------------------------------------------------------------------- */

/* Tensors in (const DLTensor *) are borrowed for the call: host memory, any strides (NULL: compact, row-major), at an
 * address that is a multiple of its type's size. Wrong ones are SIGNSYM_INVALID_ARGUMENT.
 * Samples have the shape (N, channels, height, width), with SIGNSYM_NHWC (N, height, width, channels); (N, n) is
 * n channels of 1 × 1. Values of uint8 are divided by 255, those of every other type are taken as they are.
 * Labels have the shape (N), of any integer type, from 0 to classes − 1.
 * Tensors out (struct DLManagedTensorVersioned *) are the caller's: signsym_tensor_free, or their own deleter, once,
 * from any thread; what they show lives until then, whatever handles are freed. */
typedef int32_t signsym_layout;
enum { SIGNSYM_NCHW = 1, SIGNSYM_NHWC = 2 };

/* Type of one value. */
typedef int32_t signsym_type;
enum {
  SIGNSYM_U8 = 1,
  SIGNSYM_U16 = 2,
  SIGNSYM_U32 = 3,
  SIGNSYM_U64 = 4,
  SIGNSYM_I8 = 5,
  SIGNSYM_I16 = 6,
  SIGNSYM_I32 = 7,
  SIGNSYM_I64 = 8,
  SIGNSYM_F16 = 9,
  SIGNSYM_BF16 = 10,
  SIGNSYM_F32 = 11,
  SIGNSYM_F64 = 12
};

/* A tensor over memory of the host's, which must outlive it: for those who have no DLPack tensor at hand. `shape` and
 * `strides` (in elements; NULL: compact, row-major) have `dimensions` numbers, 0 to 8, and are copied. `destroy` (or
 * NULL) is called with `user_data` exactly once: by the tensor's deleter, or at once if this call fails. */
SIGNSYM_API signsym_status signsym_tensor_wrap(void *data, signsym_type type, const int64_t *shape,
                                               const int64_t *strides, int32_t dimensions, void *user_data,
                                               signsym_destroy_fn destroy, struct DLManagedTensorVersioned **out,
                                               signsym_error **error);
/* Calls the tensor's deleter. NULL does nothing. */
SIGNSYM_API void signsym_tensor_free(struct DLManagedTensorVersioned *tensor);

/* ---- data sets -------------------------------------------------------------------------------------------------- */

/* Parts of a config's data. */
typedef int32_t signsym_part;
enum { SIGNSYM_TRAINING = 1, SIGNSYM_HELD_OUT = 2 };

/* A part of the data of a config, as a run of it has them. SIGNSYM_INVALID_CONFIG, SIGNSYM_NOT_FOUND, SIGNSYM_IO,
 * SIGNSYM_BAD_DATA. */
SIGNSYM_API signsym_status signsym_dataset_create_from_config(const signsym_config *config, signsym_part part,
                                                              signsym_dataset **out, signsym_error **error);
/* Memory of the host's, used in place: no copy is made but that into each batch. On success both tensors are the data
 * set's, whose deleters are called once when its last user has gone (on any thread); on failure they stay the caller's.
 * The memory must not change meanwhile. */
SIGNSYM_API signsym_status signsym_dataset_create_from_memory(struct DLManagedTensorVersioned *samples,
                                                              struct DLManagedTensorVersioned *labels,
                                                              signsym_layout layout, int64_t classes,
                                                              signsym_dataset **out, signsym_error **error);
/* Writes sample `index` into `sample`, which has room for one of the declared shape, type and layout, compact, and its
 * label. Non-zero stops the run or call that asked: SIGNSYM_CALLBACK_FAILED; so do a C++ exception and a label that is
 * not from 0 to classes − 1. A run stands after its last whole step then, with a checkpoint where it has a folder. */
typedef int (*signsym_sample_fn)(int64_t index, void *sample, int64_t *label, void *user_data);
/* Samples that a function makes. `shape` has `dimensions` numbers: 3 (channels, height, width; with SIGNSYM_NHWC
 * height, width, channels) or 1. It is called on the thread that trains or evaluates, never on two at once; with
 * `concurrent` not 0 on loader threads instead, on several at once and ahead of time, between runs too. `destroy` (or
 * NULL) is called with `user_data` exactly once: when the last user of the set has gone (on any thread), or at once if
 * this call fails. */
SIGNSYM_API signsym_status signsym_dataset_create_from_callback(int64_t size, int64_t classes, const int64_t *shape,
                                                                int32_t dimensions, signsym_type type,
                                                                signsym_layout layout, int32_t concurrent,
                                                                signsym_sample_fn function, void *user_data,
                                                                signsym_destroy_fn destroy, signsym_dataset **out,
                                                                signsym_error **error);
/* Samples; 0 for a wrong handle. */
SIGNSYM_API int64_t signsym_dataset_size(const signsym_dataset *dataset);
/* Labels are from 0 to this − 1; 0 for a wrong handle. */
SIGNSYM_API int64_t signsym_dataset_classes(const signsym_dataset *dataset);
/* Channels, height, width of a sample for dimension 0, 1, 2; else 0. */
SIGNSYM_API int64_t signsym_dataset_shape(const signsym_dataset *dataset, int32_t dimension);
/* Legal at any time: trainers that use the set keep it. */
SIGNSYM_API void signsym_dataset_free(signsym_dataset *dataset);

/* ---- models ----------------------------------------------------------------------------------------------------- */

/* Every function of a model is legal from any thread at any time, also while a trainer has it: what reads or writes
 * weights takes its turn between two steps, and a written one counts from the next step on. */

/* The model of a config, with its rules and initial weights (or model.weights). Where data are given by the host,
 * model.input must say their shape. Errors as signsym_trainer_create. */
SIGNSYM_API signsym_status signsym_model_create(const signsym_config *config, signsym_model **out,
                                                signsym_error **error);
/* A trained model from a run folder (its newest whole checkpoint: a damaged one is passed over) or from a checkpoint
 * file; the config is in it, and no data set is opened. SIGNSYM_NOT_FOUND, SIGNSYM_IO, SIGNSYM_BAD_DATA, SIGNSYM_UNSUPPORTED (a newer format). */
SIGNSYM_API signsym_status signsym_model_load(const char *path, signsym_model **out, signsym_error **error);
/* Loads a model.safetensors (or the model part of a checkpoint, which is checked whole). SIGNSYM_MISMATCH where names or
 * shapes are not the model's, SIGNSYM_BAD_DATA, SIGNSYM_NOT_FOUND, SIGNSYM_IO. */
SIGNSYM_API signsym_status signsym_model_load_weights(signsym_model *model, const char *path, signsym_error **error);
/* Parameters and buffers to a file that torchvision's model of the name loads. Whole or not at all: SIGNSYM_IO,
 * SIGNSYM_NOT_FOUND (its folder). A file of that name is replaced. */
SIGNSYM_API signsym_status signsym_model_save_weights(const signsym_model *model, const char *path,
                                                      signsym_error **error);
/* The config as the model, or the trainer that took it over, uses it. */
SIGNSYM_API signsym_status signsym_model_config(const signsym_model *model, signsym_config **out,
                                                signsym_error **error);
/* How a prediction is made: 0, or a sum of these. */
typedef int32_t signsym_predict_flags;
enum {
  SIGNSYM_PROBABILITIES = 1, /* softmax of the logits */
  SIGNSYM_AS_IS = 2          /* float32 tensors that are transformed already */
};
/* Logits (N, classes) of float32 for N samples, N ≥ 1. They go through the evaluation transforms that the config has
 * (normalize), so samples are given as the data set holds them. Any number of threads at once; while a trainer trains
 * the model, each answer is of the weights between two steps. SIGNSYM_INVALID_ARGUMENT where the shape is not the
 * model's. */
SIGNSYM_API signsym_status signsym_model_predict(const signsym_model *model, const DLTensor *samples,
                                                 signsym_layout layout, signsym_predict_flags flags,
                                                 struct DLManagedTensorVersioned **out, signsym_error **error);

/* Parameters and buffers, in torchvision's order. 0 for a wrong handle. */
SIGNSYM_API int64_t signsym_model_tensor_count(const signsym_model *model);
/* "conv1.weight", "bn1.running_mean", …; "" beyond the count. Valid until the model is freed or its head replaced. */
SIGNSYM_API const char *signsym_model_tensor_name(const signsym_model *model, int64_t index);
/* 1 for a parameter, 0 for a buffer and beyond the count. */
SIGNSYM_API int32_t signsym_model_tensor_is_parameter(const signsym_model *model, int64_t index);
/* One of them, read-only (DLPACK_FLAG_BITMASK_READ_ONLY) and without a copy, in NCHW order by its strides: a trainer's
 * steps show in it. It lies on the model's device. SIGNSYM_NOT_FOUND. */
SIGNSYM_API signsym_status signsym_model_tensor(const signsym_model *model, const char *name,
                                                struct DLManagedTensorVersioned **out, signsym_error **error);
/* Sets one from values of the same shape and any floating-point type (an integer buffer: integers). SIGNSYM_NOT_FOUND,
 * SIGNSYM_INVALID_ARGUMENT. */
SIGNSYM_API signsym_status signsym_model_set_tensor(signsym_model *model, const char *name, const DLTensor *values,
                                                    signsym_error **error);
/* Replaces the last linear layer by a new one for `classes` (2 to 1048576), with initial weights drawn by the config's seed; its rule
 * stays. SIGNSYM_BUSY where a trainer has the model, SIGNSYM_INVALID_ARGUMENT where a graph ends in another operation. */
SIGNSYM_API signsym_status signsym_model_replace_head(signsym_model *model, int64_t classes, signsym_error **error);
/* Parameters whose name matches (* any characters, ? one) do not learn (`frozen` 1) or do again (0): "layer1.*".
 * The model's config then lists in optimizer.freeze what does not learn, and so does that of a trainer that takes it.
 * SIGNSYM_NOT_FOUND, with the names, where none matches. SIGNSYM_BUSY where a trainer has the model. */
SIGNSYM_API signsym_status signsym_model_freeze(signsym_model *model, const char *pattern, int32_t frozen,
                                                signsym_error **error);

/* Layers with a feedback rule, from input to output. 0 for a wrong handle. */
SIGNSYM_API int64_t signsym_model_layer_count(const signsym_model *model);
/* "layer1.0.conv1"; "" beyond the count. Valid until the model is freed or its head replaced. */
SIGNSYM_API const char *signsym_model_layer_name(const signsym_model *model, int64_t index);
/* "SIGN_SYMMETRY", as in proto/signsym/v1/feedback.proto; static. */
SIGNSYM_API const char *signsym_model_layer_rule(const signsym_model *model, int64_t index);
/* Angle in degrees between B and W as vectors, and ‖B‖/‖W‖. Either out may be NULL. SIGNSYM_NOT_FOUND. */
SIGNSYM_API signsym_status signsym_model_alignment(const signsym_model *model, const char *layer, double *angle,
                                                   double *norm_ratio, signsym_error **error);
/* A copy of B in the weight's shape, float32: that of the weights as they are now. SIGNSYM_NOT_FOUND. */
SIGNSYM_API signsym_status signsym_model_feedback_weight(const signsym_model *model, const char *layer,
                                                         struct DLManagedTensorVersioned **out,
                                                         signsym_error **error);
/* Legal at any time: trainers that use the model keep it. */
SIGNSYM_API void signsym_model_free(signsym_model *model);

/* ---- cancelling ----------------------------------------------------------------------------------------------- */

/* A token for any number of runs; once set, it stays so. At most 65536 live at a time: SIGNSYM_OUT_OF_MEMORY. */
SIGNSYM_API signsym_status signsym_cancel_create(signsym_cancel **out, signsym_error **error);
/* From any thread, and from a signal handler: the run ends after the step, or the batch of an evaluation, that
 * it is in; at once where it waits for a sample function on a loader thread. */
SIGNSYM_API void signsym_cancel_set(signsym_cancel *cancel);
/* 1 or 0. From any thread, and from a signal handler. */
SIGNSYM_API int32_t signsym_cancel_is_set(const signsym_cancel *cancel);
/* Legal during a run: one that was set still cancels it. */
SIGNSYM_API void signsym_cancel_free(signsym_cancel *cancel);

/* ---- events --------------------------------------------------------------------------------------------------- */

/* What has happened. */
typedef int32_t signsym_event_kind;
enum {
  SIGNSYM_EVENT_START = 1,      /* the run begins or goes on: model, layers, data and machine are known */
  SIGNSYM_EVENT_STEP = 2,       /* after each step */
  SIGNSYM_EVENT_EVALUATION = 3, /* after each evaluation of the held-out part; before the first step angles alone */
  SIGNSYM_EVENT_EPOCH = 4,      /* after each epoch and its evaluation */
  SIGNSYM_EVENT_CHECKPOINT = 5, /* a checkpoint is on the disk */
  SIGNSYM_EVENT_LOG = 6,        /* something a person should know: signsym_event_text */
  SIGNSYM_EVENT_END = 7         /* the run is over */
};

/* An event is the callback's for the time of the call, then its handle and texts are gone; it is not freed. What an
 * event does not carry is 0, NaN or "". */
SIGNSYM_API signsym_event_kind signsym_event_type(const signsym_event *event);
/* Epoch, 1 the first. */
SIGNSYM_API int64_t signsym_event_epoch(const signsym_event *event);
/* Epochs of the whole run. */
SIGNSYM_API int64_t signsym_event_epochs(const signsym_event *event);
/* Steps done since the beginning of the run (of the resumed one too). */
SIGNSYM_API int64_t signsym_event_step(const signsym_event *event);
/* Steps done in this epoch. */
SIGNSYM_API int64_t signsym_event_step_in_epoch(const signsym_event *event);
/* Steps of a whole epoch. */
SIGNSYM_API int64_t signsym_event_steps_per_epoch(const signsym_event *event);
/* STEP: this batch's. EPOCH: mean of the epoch's training. EVALUATION: of the held-out part. */
SIGNSYM_API double signsym_event_loss(const signsym_event *event);
/* Percent. STEP: running, of this epoch's training. EPOCH, EVALUATION: of the held-out part; NaN if not evaluated. */
SIGNSYM_API double signsym_event_top1(const signsym_event *event);
/* The same for the five likeliest classes; NaN below 6 classes. */
SIGNSYM_API double signsym_event_top5(const signsym_event *event);
/* EPOCH: of the epoch's training, percent. */
SIGNSYM_API double signsym_event_train_top1(const signsym_event *event);
/* STEP: of this step. EPOCH: of its last one. */
SIGNSYM_API double signsym_event_learning_rate(const signsym_event *event);
/* Training samples a second, lately. */
SIGNSYM_API double signsym_event_samples_per_second(const signsym_event *event);
/* Since the run began; time that an earlier part of a resumed run took is in it. */
SIGNSYM_API double signsym_event_seconds(const signsym_event *event);
/* CHECKPOINT: its file. LOG: the message. END: "finished", "paused", "cancelled", "diverged" or "failed". */
SIGNSYM_API const char *signsym_event_text(const signsym_event *event);
/* The whole event as one line of JSON; docs/run-folder.md describes it. */
SIGNSYM_API const char *signsym_event_json(const signsym_event *event);

/* Non-zero stops the run after this step, as a cancel token does: the checkpoint is written, the events up to END
 * still come, signsym_trainer_run returns SIGNSYM_CALLBACK_FAILED. A C++ exception counts as non-zero, and its what()
 * is in the error's message. A callback must return: no longjmp, no pthread_exit. Inside it all functions may be
 * called; those that use the trainer that runs answer SIGNSYM_BUSY, except those that say "from any thread". */
typedef int (*signsym_event_fn)(const signsym_event *event, void *user_data);

/* ---- training ------------------------------------------------------------------------------------------------- */

/* One call at a time has a trainer: another one meanwhile, of a callback or another thread, is SIGNSYM_BUSY, except of
 * the functions that say "from any thread". What runs, evaluates or steps on data that a function of the host's makes
 * may be SIGNSYM_CALLBACK_FAILED. */

/* From a config, which is copied. Data and model are made here: errors of both are told here (SIGNSYM_INVALID_CONFIG,
 * SIGNSYM_NOT_FOUND, SIGNSYM_IO, SIGNSYM_BAD_DATA, SIGNSYM_MISMATCH, SIGNSYM_UNSUPPORTED). With output.folder set, the
 * folder is made; one that already holds a run is SIGNSYM_ALREADY_EXISTS. */
SIGNSYM_API signsym_status signsym_trainer_create(const signsym_config *config, signsym_trainer **out,
                                                  signsym_error **error);
/* The same from a file, read as signsym_config_create_from_file does. */
SIGNSYM_API signsym_status signsym_trainer_create_from_file(const char *path, signsym_trainer **out,
                                                            signsym_error **error);
/* The same with parts that the host has; each may be NULL, for the config's own. `model`: trained in place; a model is
 * trained by one trainer at a time (SIGNSYM_BUSY). Its model and feedback stand for those of the config, what is
 * frozen in either does not learn, and compute.device and memory_format must be AUTO or the model's own. From then on it
 * draws by the config's seed and computes in its precision (AUTO: the model's). A run folder gets a checkpoint of step 0.
 * `training`, `held_out`: for data { host {} } in the config; without
 * `training` the trainer makes steps on the host's batches alone. Shapes and classes that do not fit are
 * SIGNSYM_INVALID_CONFIG or, of the held-out part, SIGNSYM_INVALID_ARGUMENT. */
SIGNSYM_API signsym_status signsym_trainer_create_with(const signsym_config *config, signsym_model *model,
                                                       signsym_dataset *training, signsym_dataset *held_out,
                                                       signsym_trainer **out, signsym_error **error);
/* Goes on with a run folder at its newest whole checkpoint (a damaged one is passed over, and a LOG event says so).
 * `config`: NULL, or the run's own (signsym_config_create_from_run) with other places (paths); another difference is
 * SIGNSYM_INVALID_CONFIG.
 * SIGNSYM_NOT_FOUND where no run is, SIGNSYM_BUSY while another trainer has the folder, SIGNSYM_BAD_DATA where every
 * checkpoint is damaged; else as signsym_trainer_create. */
SIGNSYM_API signsym_status signsym_trainer_resume(const char *folder, const signsym_config *config,
                                                  signsym_trainer **out, signsym_error **error);
/* The same for a run on data of the host's, which gives them again: SIGNSYM_MISMATCH where an epoch of them is shorter
 * than what the run has done of its own. */
SIGNSYM_API signsym_status signsym_trainer_resume_with(const char *folder, const signsym_config *config,
                                                       signsym_dataset *training, signsym_dataset *held_out,
                                                       signsym_trainer **out, signsym_error **error);
/* One callback for each trainer; a new one replaces it. It is called on the thread that called run. `user_data` (or
 * NULL) is handed to both. `destroy` (or NULL) is called exactly once: when replaced, or when the trainer has gone; at
 * once if this call fails. */
SIGNSYM_API signsym_status signsym_trainer_on_event(signsym_trainer *trainer, signsym_event_fn function,
                                                    void *user_data, signsym_destroy_fn destroy,
                                                    signsym_error **error);
/* Trains to the end of the config. `cancel` may be NULL. After SIGNSYM_CANCELLED or SIGNSYM_CALLBACK_FAILED another
 * call goes on; after the end it only tells START and END. SIGNSYM_DIVERGED, SIGNSYM_IO (the last checkpoint stays; after space was
 * made another call goes on), SIGNSYM_INVALID_ARGUMENT without a data set. */
SIGNSYM_API signsym_status signsym_trainer_run(signsym_trainer *trainer, signsym_cancel *cancel,
                                               signsym_error **error);
/* The same for at most so many epochs and steps (0: no limit). SIGNSYM_OK when they are done, or all is. */
SIGNSYM_API signsym_status signsym_trainer_run_for(signsym_trainer *trainer, int64_t epochs, int64_t steps,
                                                   signsym_cancel *cancel, signsym_error **error);
/* The run that goes on returns SIGNSYM_OK after its step, writes no checkpoint, and the next one goes on. From any
 * thread, in callbacks too; does nothing where none runs. */
SIGNSYM_API void signsym_trainer_pause(signsym_trainer *trainer);
/* At most so many STEP events a second; the others are always told. 0: every step (the default). */
SIGNSYM_API signsym_status signsym_trainer_limit_events(signsym_trainer *trainer, double step_events_per_second,
                                                        signsym_error **error);
/* The model on the held-out part: mean loss, top-1 and top-5 in percent (top-5 NaN below 6 classes), samples. Any out
 * may be NULL. SIGNSYM_DIVERGED where the loss is not finite, SIGNSYM_INVALID_ARGUMENT where nothing is held out. */
SIGNSYM_API signsym_status signsym_trainer_evaluate(signsym_trainer *trainer, double *loss, double *top1, double *top5,
                                                    int64_t *samples, signsym_error **error);
/* One step on a batch of the host's (online learning), through the training transforms of the config; `loss` (or NULL)
 * is the batch's before the step. N ≥ 1. Steps count on, epochs do not. A trainer without a data set needs the constant
 * schedule, or a learning rate that was set. No event is told, and nothing is written to the run folder: checkpoints are
 * the host's (signsym_trainer_save_checkpoint). SIGNSYM_INVALID_ARGUMENT, SIGNSYM_DIVERGED (nothing has changed). */
SIGNSYM_API signsym_status signsym_trainer_step(signsym_trainer *trainer, const DLTensor *samples,
                                                const DLTensor *labels, signsym_layout layout, double *loss,
                                                signsym_error **error);
/* 1 when all epochs (or train.max_steps) are done, else 0. From any thread. */
SIGNSYM_API int32_t signsym_trainer_is_finished(const signsym_trainer *trainer);
/* The rate of the next step; NaN where the schedule counts epochs and there are no data. From any thread. */
SIGNSYM_API double signsym_trainer_learning_rate(const signsym_trainer *trainer);
/* Rate of all steps to come, in place of the schedule's; NaN gives it back to the schedule. > 0, finite. It is saved in
 * checkpoints. From any thread, in callbacks too. */
SIGNSYM_API signsym_status signsym_trainer_set_learning_rate(signsym_trainer *trainer, double rate,
                                                             signsym_error **error);
/* Position and last results: proto/signsym/v1/metrics.proto. From any thread: of the last whole step. */
SIGNSYM_API signsym_status signsym_trainer_metrics(const signsym_trainer *trainer, signsym_format format,
                                                   signsym_bytes **out, signsym_error **error);
/* The whole state, as a checkpoint file has it. */
SIGNSYM_API signsym_status signsym_trainer_checkpoint(signsym_trainer *trainer, signsym_bytes **out,
                                                      signsym_error **error);
/* The same to a file: whole or not at all. SIGNSYM_IO, SIGNSYM_NOT_FOUND (its folder). */
SIGNSYM_API signsym_status signsym_trainer_save_checkpoint(signsym_trainer *trainer, const char *path,
                                                           signsym_error **error);
/* Puts a checkpoint's state into a trainer of the same config; `source` names the bytes in errors (NULL:
 * "checkpoint"). Where it goes back, the next checkpoint in the run folder replaces those of later steps.
 * SIGNSYM_BAD_DATA, SIGNSYM_MISMATCH, SIGNSYM_UNSUPPORTED. */
SIGNSYM_API signsym_status signsym_trainer_restore(signsym_trainer *trainer, const char *data, uint64_t size,
                                                   const char *source, signsym_error **error);
/* The model that is trained, as a new handle. From any thread. */
SIGNSYM_API signsym_status signsym_trainer_model(const signsym_trainer *trainer, signsym_model **out,
                                                 signsym_error **error);
/* The config as the run uses it: defaults written out, AUTO decided. From any thread. */
SIGNSYM_API signsym_status signsym_trainer_config(const signsym_trainer *trainer, signsym_config **out,
                                                  signsym_error **error);
/* Legal at any time, from any thread, in a callback too: a run that goes on is cancelled, and what the trainer held
 * goes when the run has returned. Where loader threads are in a sample function of the host's, it waits for them. */
SIGNSYM_API void signsym_trainer_free(signsym_trainer *trainer);

#ifdef __cplusplus
}
#endif

#endif
