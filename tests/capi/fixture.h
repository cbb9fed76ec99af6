/* A training of a blink: a ResNet-8 of width 4 on 64 pictures of CIFAR-10, 4 steps an epoch, 2 epochs. */
#ifndef SIGNSYM_TESTS_FIXTURE_H
#define SIGNSYM_TESTS_FIXTURE_H

#include <signsym/signsym.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { tiny_epochs = 2, tiny_steps_per_epoch = 4, tiny_steps = 8, tiny_held_out = 32 };

/* Its pictures (N × 3 × 32 × 32 bytes) and labels, as the files have them. */
enum { tiny_training = 64, tiny_picture = 3 * 32 * 32 };
const unsigned char *tiny_pictures(int held_out);
const int64_t *tiny_labels(int held_out);
/* The same as tensors and as a data set in place. */
struct DLManagedTensorVersioned *tiny_samples(int held_out);
struct DLManagedTensorVersioned *tiny_targets(int held_out);
signsym_dataset *host_dataset(int held_out);

/* A path in a folder of this process, which is removed at its end. The caller frees it. */
char *scratch(const char *name);

/* Without output.folder. */
signsym_config *tiny_config(void);
/* The same with data { host {} }, and the shape in model.input. */
signsym_config *tiny_host_config(void);
/* The weights of a trainer's model. */
signsym_status save_weights(signsym_trainer *trainer, const char *path, signsym_error **error);
signsym_status load_weights(signsym_trainer *trainer, const char *path, signsym_error **error);
/* NULL: without output.folder. */
signsym_trainer *tiny_trainer(const char *folder);
/* What is held out of the same data: tiny_held_out pictures. */
signsym_dataset *tiny_dataset(void);
/* The trainer's weights are, bit for bit, those after an undisturbed run. */
void check_trained_undisturbed(signsym_trainer *trainer);
int same_files(const char *a, const char *b);

/* An error with "train.epochs" as its field. */
signsym_error *an_error(void);
signsym_bytes *some_bytes(void);

void write_whole_file(const char *path, const void *data, size_t size);

/* Is it one JSON object, with this text as its member? NULL: any object. */
int json_has(const char *json, const char *member, const char *text);

#ifdef __cplusplus
}
#endif

#endif
