/* The raw layer of Java and C#: <signsym/signsym.h> function by function, each under its C name. It is internal; the
 * API of each language is written by hand on top of it.
 *
 * A language's typemaps.i says how these travel, which are then the same for every function:
 * - SIGNSYM_HANDLE(type): handles: `type *` in and out, `type **out`
 * - signsym_status with signsym_error **error
 * - const char *: UTF-8 that ends with a NUL; (const char *data, uint64_t size): bytes; the data of signsym_bytes
 * - (signsym_event_fn function, void *user_data, signsym_destroy_fn destroy), the same with signsym_sample_fn
 * - (void *user_data, signsym_destroy_fn destroy): what must live as long as the memory beside it
 * - void *data: memory; const int64_t *: an array, or NULL
 * - const DLTensor *: a handle of DLManagedTensorVersioned, or NULL
 */
%module Raw

%{
#include <signsym/dlpack.h>
#include <signsym/signsym.h>
%}

%include <typemaps.i>
/* Not by <stdint.i>, whose int64_t is a long long where C's is a long. */
%apply int { int32_t };
%apply long long { int64_t };
%apply unsigned long long { uint64_t };
%apply long long *OUTPUT { int64_t *samples };
%apply double *OUTPUT { double *loss, double *top1, double *top5, double *angle, double *norm_ratio };

#if defined(SWIGJAVA)
%include "java/typemaps.i"
#elif defined(SWIGCSHARP)
%include "csharp/typemaps.i"
#endif

SIGNSYM_HANDLE(signsym_error)
SIGNSYM_HANDLE(signsym_bytes)
SIGNSYM_HANDLE(signsym_config)
SIGNSYM_HANDLE(signsym_cancel)
SIGNSYM_HANDLE(signsym_dataset)
SIGNSYM_HANDLE(signsym_model)
SIGNSYM_HANDLE(signsym_trainer)
SIGNSYM_HANDLE(signsym_event)
SIGNSYM_HANDLE(struct DLManagedTensorVersioned)

%ignore SIGNSYM_TEXT_LENGTH; // lengths are always said

%include <signsym/signsym.h>

/* What a DLPack tensor shows, since its struct does not cross the border. */
%inline %{
static void *tensor_data(const struct DLManagedTensorVersioned *tensor) {
  return (char *)tensor->dl_tensor.data + tensor->dl_tensor.byte_offset;
}
static int32_t tensor_dimensions(const struct DLManagedTensorVersioned *tensor) { return tensor->dl_tensor.ndim; }
static int64_t tensor_size(const struct DLManagedTensorVersioned *tensor, int32_t dimension) {
  return tensor->dl_tensor.shape[dimension];
}
/* In elements; those of a compact tensor where it says none. */
static int64_t tensor_stride(const struct DLManagedTensorVersioned *tensor, int32_t dimension) {
  int64_t stride = 1;
  if (tensor->dl_tensor.strides) return tensor->dl_tensor.strides[dimension];
  for (int32_t i = tensor->dl_tensor.ndim - 1; i > dimension; --i) stride *= tensor->dl_tensor.shape[i];
  return stride;
}
/* Bytes from the first element to the end of the last. */
static int64_t tensor_bytes(const struct DLManagedTensorVersioned *tensor) {
  const DLDataType type = tensor->dl_tensor.dtype;
  int64_t last = 0;
  for (int32_t i = 0; i < tensor->dl_tensor.ndim; ++i) {
    if (tensor->dl_tensor.shape[i] == 0) return 0;
    last += (tensor->dl_tensor.shape[i] - 1) * tensor_stride(tensor, i);
  }
  return (last + 1) * (type.bits * type.lanes / 8);
}
/* A signsym_type; 0 for another one. */
static int32_t tensor_type(const struct DLManagedTensorVersioned *tensor) {
  const DLDataType type = tensor->dl_tensor.dtype;
  if (type.lanes != 1) return 0;
  switch (type.code << 8 | type.bits) {
    case kDLUInt << 8 | 8: return SIGNSYM_U8;
    case kDLUInt << 8 | 16: return SIGNSYM_U16;
    case kDLUInt << 8 | 32: return SIGNSYM_U32;
    case kDLUInt << 8 | 64: return SIGNSYM_U64;
    case kDLInt << 8 | 8: return SIGNSYM_I8;
    case kDLInt << 8 | 16: return SIGNSYM_I16;
    case kDLInt << 8 | 32: return SIGNSYM_I32;
    case kDLInt << 8 | 64: return SIGNSYM_I64;
    case kDLFloat << 8 | 16: return SIGNSYM_F16;
    case kDLBfloat << 8 | 16: return SIGNSYM_BF16;
    case kDLFloat << 8 | 32: return SIGNSYM_F32;
    case kDLFloat << 8 | 64: return SIGNSYM_F64;
    default: return 0;
  }
}
%}
