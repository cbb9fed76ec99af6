#include "base/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace signsym {
namespace {

using Json = nlohmann::json;

constexpr size_t length_bytes = 8;
constexpr uint64_t header_limit = 100'000'000;  // as in the reference implementation
constexpr const char* metadata_key = "__metadata__";

struct TypeInfo {
  ScalarType type;
  const char* name;
  int64_t bytes;
};
constexpr TypeInfo types[] = {
    {ScalarType::f32, "F32", 4}, {ScalarType::f64, "F64", 8}, {ScalarType::bf16, "BF16", 2},
    {ScalarType::f16, "F16", 2}, {ScalarType::i64, "I64", 8}, {ScalarType::i32, "I32", 4},
    {ScalarType::u8, "U8", 1},   {ScalarType::boolean, "BOOL", 1},
};

const TypeInfo& info(ScalarType type) {
  return *std::find_if(std::begin(types), std::end(types), [&](const TypeInfo& t) { return t.type == type; });
}

// In errors; a name from elsewhere may hold anything.
std::string quoted(const std::string& name) {
  return Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Length and JSON, padded with blanks so that the data begins at a multiple of 8. Puts `tensors` into data order.
std::string make_header(std::vector<TensorView>& tensors, const Metadata& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return std::make_tuple(-byte_size(a.type), std::string_view(a.name)) <
           std::make_tuple(-byte_size(b.type), std::string_view(b.name));
  });
  Json header = Json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  int64_t begin = 0;
  for (const TensorView& tensor : tensors) {
    int64_t end = begin + tensor.bytes();
    Json entry = {{"dtype", info(tensor.type).name}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    if (tensor.name == metadata_key || !header.emplace(tensor.name, std::move(entry)).second)
      throw Error(Status::invalid_argument,
                  "tensor " + quoted(tensor.name) + ": this name is taken in the file: give each tensor its own");
    begin = end;
  }
  std::string json;
  try {
    json = header.dump();
  } catch (const Json::exception& e) {
    throw Error(Status::invalid_argument, std::string("a tensor's name or metadata is not UTF-8: ") + e.what());
  }
  json.resize((json.size() + 7) / 8 * 8, ' ');
  if (json.size() > header_limit)
    throw Error(Status::invalid_argument, "the names and metadata take " + std::to_string(json.size()) +
                                              " bytes: the format holds " + std::to_string(header_limit));
  std::string length(length_bytes, '\0');
  for (size_t i = 0; i < length_bytes; ++i) length[i] = static_cast<char>(json.size() >> (8 * i));
  return length + json;
}

std::string_view bytes_of(const TensorView& tensor) {
  return {static_cast<const char*>(tensor.data), static_cast<size_t>(tensor.bytes())};
}

// The checks of one file. Each failure names the source.
class Reader {
 public:
  Reader(const std::string& bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  std::vector<TensorView> read(Metadata& metadata) {
    Json header = read_header();
    if (auto found = header.find(metadata_key); found != header.end()) {
      metadata = read_metadata(*found);
      header.erase(found);
    }
    std::vector<Placed> placed;
    for (const auto& [name, entry] : header.items()) placed.push_back(read_entry(name, entry));
    check_cover(placed);

    std::vector<TensorView> tensors;  // in the header's order, which Json keeps sorted
    for (Placed& tensor : placed) tensors.push_back(std::move(tensor.view));
    return tensors;
  }

 private:
  struct Placed {
    TensorView view;
    uint64_t begin, end;  // in the data
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Status::bad_data, source_ + ": not a valid safetensors file: " + what +
                                      ": the file is damaged or of another kind; fetch or write it again");
  }

  [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
    fail("tensor " + quoted(tensor) + ": " + what);
  }

  Json read_header() {
    if (bytes_.size() < length_bytes)
      fail("it has " + std::to_string(bytes_.size()) + " bytes, and its first 8 should be the length of its header");
    uint64_t length = 0;
    for (size_t i = 0; i < length_bytes; ++i)
      length |= static_cast<uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    if (length > header_limit || length > bytes_.size() - length_bytes)
      fail("its header should have " + std::to_string(length) + " bytes, and the whole file has " +
           std::to_string(bytes_.size()) + " (a header may have " + std::to_string(header_limit) + ")");
    data_ = length_bytes + static_cast<size_t>(length);
    std::string_view text(bytes_.data() + length_bytes, static_cast<size_t>(length));
    if (text.empty() || text.front() != '{') fail("its header does not begin with {");
    if (text.find('\0') != text.npos) fail("its header is not JSON");  // the parser would end there

    std::set<std::string> seen[4];  // the keys so far of the object at each depth; a header's is 1
    auto check = [&](int depth, Json::parse_event_t event, Json& value) {
      if (depth > 3) fail("its header is nested too deeply");
      if (event == Json::parse_event_t::object_start && depth < 3) seen[depth + 1].clear();
      if (event == Json::parse_event_t::key && !seen[depth].insert(value.get<std::string>()).second)
        fail("the name " + value.dump() + " stands twice in its header");
      return true;
    };
    try {
      return Json::parse(text.begin(), text.end(), check);
    } catch (const Json::exception&) {
      fail("its header is not JSON");
    }
  }

  Metadata read_metadata(const Json& json) const {
    Metadata metadata;
    if (!json.is_object()) fail("__metadata__ is not an object");
    for (const auto& [key, value] : json.items()) {
      if (!value.is_string()) fail("__metadata__." + key + " is not a string");
      metadata[key] = value.get<std::string>();
    }
    return metadata;
  }

  Placed read_entry(const std::string& name, const Json& json) const {
    if (!json.is_object()) fail(name, "its description is not an object");
    for (const auto& [key, value] : json.items())
      if (key != "dtype" && key != "shape" && key != "data_offsets") fail(name, "unknown member " + quoted(key));
    for (const char* key : {"dtype", "shape", "data_offsets"})
      if (!json.contains(key)) fail(name, std::string(key) + " is missing");

    Placed tensor{{name, read_type(name, json["dtype"]), {}, nullptr}, 0, 0};
    for (uint64_t extent : read_numbers(name, "shape", json["shape"]))
      tensor.view.shape.push_back(static_cast<int64_t>(extent));
    std::vector<uint64_t> offsets = read_numbers(name, "data_offsets", json["data_offsets"]);
    uint64_t size = bytes_.size() - data_;
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > size)
      fail(name, "data_offsets " + json["data_offsets"].dump() + " do not lie in the " + std::to_string(size) +
                     " bytes of data");
    std::tie(tensor.begin, tensor.end) = std::make_tuple(offsets[0], offsets[1]);

    int64_t needed = byte_size(tensor.view.type);
    for (int64_t extent : tensor.view.shape)
      if (__builtin_mul_overflow(needed, extent, &needed)) fail(name, "shape " + json["shape"].dump() + " overflows");
    if (static_cast<uint64_t>(needed) != tensor.end - tensor.begin)
      fail(name, json["dtype"].get<std::string>() + " " + json["shape"].dump() + " takes " + std::to_string(needed) +
                     " bytes, and data_offsets hold " + std::to_string(tensor.end - tensor.begin));
    tensor.view.data = bytes_.data() + data_ + tensor.begin;
    if (tensor.view.type == ScalarType::boolean)
      for (unsigned char byte : bytes_of(tensor.view))
        if (byte > 1) fail(name, "a BOOL is " + std::to_string(byte) + ", neither 0 nor 1");
    return tensor;
  }

  ScalarType read_type(const std::string& name, const Json& json) const {
    for (const TypeInfo& type : types)
      if (json == type.name) return type.type;
    fail(name, "dtype " + json.dump() + " is none of F32, F64, BF16, F16, I64, I32, U8, BOOL");
  }

  std::vector<uint64_t> read_numbers(const std::string& name, const char* key, const Json& json) const {
    std::vector<uint64_t> numbers;
    if (!json.is_array()) fail(name, std::string(key) + " is not a list");
    for (const Json& number : json) {
      if (!number.is_number_unsigned() || number.get<uint64_t>() > INT64_MAX)
        fail(name, std::string(key) + " " + json.dump() + ": whole numbers from 0 to 2^63 - 1 are expected");
      numbers.push_back(number.get<uint64_t>());
    }
    return numbers;
  }

  // Every byte of the data belongs to one tensor.
  void check_cover(const std::vector<Placed>& placed) const {
    std::vector<const Placed*> order;
    for (const Placed& tensor : placed) order.push_back(&tensor);
    std::sort(order.begin(), order.end(),
              [](auto a, auto b) { return std::tie(a->begin, a->end) < std::tie(b->begin, b->end); });
    uint64_t covered = 0;
    for (const Placed* tensor : order) {
      if (tensor->begin < covered) fail(tensor->view.name, "its data overlap another tensor's");
      if (tensor->begin > covered)
        fail(tensor->view.name, "before its data are " + std::to_string(tensor->begin - covered) +
                                    " bytes that belong to no tensor");
      covered = tensor->end;
    }
    if (covered != bytes_.size() - data_)
      fail("after the last tensor are " + std::to_string(bytes_.size() - data_ - covered) + " bytes too many");
  }

  const std::string& bytes_;
  const std::string& source_;
  size_t data_ = 0;  // where the data begin
};

}  // namespace

int64_t byte_size(ScalarType type) { return info(type).bytes; }

int64_t TensorView::bytes() const {
  int64_t size = byte_size(type);
  for (int64_t extent : shape) size *= extent;
  return size;
}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors, const Metadata& metadata) {
  std::string header = make_header(tensors, metadata);
  std::vector<std::string_view> parts{header};
  for (const TensorView& tensor : tensors) parts.push_back(bytes_of(tensor));
  write_file(path, parts);
}

std::string encode_safetensors(std::vector<TensorView> tensors, const Metadata& metadata) {
  std::string bytes = make_header(tensors, metadata);
  for (const TensorView& tensor : tensors) bytes += bytes_of(tensor);
  return bytes;
}

Safetensors Safetensors::read(const std::filesystem::path& path) { return parse(read_file(path), path.string()); }

Safetensors Safetensors::parse(std::string bytes, const std::string& source) {
  Safetensors file;
  file.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  file.tensors_ = Reader(*file.bytes_, source).read(file.metadata_);
  return file;
}

const TensorView* Safetensors::find(std::string_view name) const {
  auto found = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                [](const TensorView& tensor, std::string_view key) { return tensor.name < key; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace signsym
