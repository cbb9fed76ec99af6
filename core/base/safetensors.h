// The safetensors format: 8 bytes length, JSON header, raw little-endian data. Nothing in a file is ever executed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace signsym {

enum class ScalarType { f32, f64, bf16, f16, i64, i32, u8, boolean };
int64_t byte_size(ScalarType type);

// A tensor's bytes, contiguous (NCHW order), borrowed.
struct TensorView {
  std::string name;
  ScalarType type = ScalarType::f32;
  std::vector<int64_t> shape;
  const void* data = nullptr;
  int64_t bytes() const;
};

using Metadata = std::map<std::string, std::string>;

// Equal content gives equal bytes: the header is sorted by name; the data by width of its type, then by name, so that
// every tensor is aligned. Atomic (write_file).
void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors, const Metadata& metadata);
// The same as bytes.
std::string encode_safetensors(std::vector<TensorView> tensors, const Metadata& metadata);

// A file read and checked whole: offsets against shapes, overlaps, gaps, duplicates, trailing bytes are bad_data.
class Safetensors {
 public:
  static Safetensors read(const std::filesystem::path& path);
  // `source` names the bytes in errors.
  static Safetensors parse(std::string bytes, const std::string& source);

  const Metadata& metadata() const { return metadata_; }
  // Sorted by name. The views live as long as this object or a copy of it; their data may be misaligned.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  // nullptr where there is none.
  const TensorView* find(std::string_view name) const;

 private:
  std::shared_ptr<const std::string> bytes_;
  Metadata metadata_;
  std::vector<TensorView> tensors_;
};

}  // namespace signsym
