#include "base/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <utility>

#include "base/error.h"
#include "scratch.h"

namespace signsym {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string length_prefix(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes;
}

// A file with this header and so many bytes of data.
std::string file(const std::string& header, size_t data = 0) {
  return length_prefix(header.size()) + header + std::string(data, '\1');
}

std::string message_of(const std::string& bytes) {
  try {
    Safetensors::parse(bytes, "x.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::bad_data);
    EXPECT_THAT(error.what(), HasSubstr("x.safetensors: "));
    return error.what();
  }
  return "accepted";
}

std::string message_of_header(const std::string& header, size_t data = 0) { return message_of(file(header, data)); }

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

const float floats[] = {1, -2, 3.5f};
const int64_t count = 7;
const uint8_t flags[] = {1, 0, 1, 1, 0};

std::vector<TensorView> some() {
  return {{"w", ScalarType::f32, {3, 1}, floats},
          {"a.flags", ScalarType::boolean, {5}, flags},
          {"n", ScalarType::i64, {}, &count},
          {"none", ScalarType::bf16, {4, 0}, nullptr}};
}

std::string bytes_in(const TensorView& tensor) {
  const char* begin = static_cast<const char*>(tensor.data);
  return {begin, begin + tensor.bytes()};
}

TEST(Safetensors, Gives_back_what_was_written) {
  Scratch scratch;
  write_safetensors(scratch / "x.safetensors", some(), {{"step", "12"}, {"naïve", "\"quoted\"\n"}});
  Safetensors read = Safetensors::read(scratch / "x.safetensors");

  EXPECT_EQ(read.metadata(), (Metadata{{"step", "12"}, {"naïve", "\"quoted\"\n"}}));
  std::vector<std::string> names;
  for (const TensorView& tensor : read.tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("a.flags", "n", "none", "w"));
  for (const TensorView& written : some()) {
    const TensorView* found = read.find(written.name);
    ASSERT_NE(found, nullptr) << written.name;
    EXPECT_EQ(found->type, written.type);
    EXPECT_EQ(found->shape, written.shape);
    ASSERT_EQ(found->bytes(), written.bytes());
    EXPECT_EQ(bytes_in(*found), bytes_in(written));
  }
}

TEST(Safetensors, Finds_nothing_under_a_name_that_is_not_there) {
  Safetensors read = Safetensors::parse(encode_safetensors(some(), {}), "x");
  for (const char* name : {"", "a", "a.flagsx", "m", "z", "__metadata__"}) EXPECT_EQ(read.find(name), nullptr) << name;
}

TEST(Safetensors, A_file_may_hold_no_tensor) {
  EXPECT_TRUE(Safetensors::parse(encode_safetensors({}, {}), "x").tensors().empty());
  EXPECT_TRUE(Safetensors::parse(file("{}"), "x").tensors().empty());
}

TEST(Safetensors, Equal_content_gives_equal_bytes_in_whatever_order_it_comes) {
  std::vector<TensorView> backwards = some();
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(encode_safetensors(some(), {{"a", "1"}, {"b", "2"}}), encode_safetensors(backwards, {{"b", "2"}, {"a", "1"}}));
}

TEST(Safetensors, The_file_holds_the_encoded_bytes) {
  Scratch scratch;
  write_safetensors(scratch / "x", some(), {{"a", "1"}});
  EXPECT_EQ(slurp(scratch / "x"), encode_safetensors(some(), {{"a", "1"}}));
}

TEST(Safetensors, The_bytes_are_those_of_the_published_format) {
  const uint8_t two[] = {10, 20};
  std::string header = R"({"t":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(encode_safetensors({{"t", ScalarType::u8, {2}, two}}, {}), length_prefix(header.size()) + header + "\x0a\x14");
}

TEST(Safetensors, Every_tensor_is_written_where_its_type_may_lie) {
  std::string bytes = encode_safetensors(some(), {{"k", "odd"}});
  Safetensors read = Safetensors::parse(bytes, "x");
  const char* begin = static_cast<const char*>(read.find("n")->data);  // the widest: the first
  for (const TensorView& tensor : read.tensors())
    EXPECT_EQ((static_cast<const char*>(tensor.data) - begin) % byte_size(tensor.type), 0) << tensor.name;
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
}

TEST(Safetensors, All_types_go_there_and_back_with_their_widths) {
  const std::pair<ScalarType, int64_t> widths[] = {
      {ScalarType::f32, 4}, {ScalarType::f64, 8}, {ScalarType::bf16, 2}, {ScalarType::f16, 2},
      {ScalarType::i64, 8}, {ScalarType::i32, 4}, {ScalarType::u8, 1},   {ScalarType::boolean, 1}};
  const int64_t zero = 0;
  for (auto [type, width] : widths) {
    EXPECT_EQ(byte_size(type), width);
    Safetensors read = Safetensors::parse(encode_safetensors({{"t", type, {1}, &zero}}, {}), "x");
    EXPECT_EQ(read.find("t")->type, type);
    EXPECT_EQ(read.find("t")->bytes(), width);
  }
}

TEST(Safetensors, Views_outlive_a_copy_and_a_move) {
  Safetensors first = Safetensors::parse(encode_safetensors(some(), {}), "x");
  Safetensors copy = first;
  Safetensors moved = std::move(first);
  first = Safetensors();
  EXPECT_EQ(bytes_in(*copy.find("w")), bytes_in(some()[0]));
  EXPECT_EQ(bytes_in(*moved.find("w")), bytes_in(some()[0]));
}

TEST(Safetensors, Misaligned_data_are_read) {
  std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                       R"("d":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}})";
  Safetensors read = Safetensors::parse(file(header, 9), "x");
  double value;
  std::memcpy(&value, read.find("d")->data, sizeof value);
  EXPECT_GT(value, 0);
}

TEST(Safetensors, Data_may_lie_in_any_order) {
  std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                       R"("a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},)"
                       R"("e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}} )";
  EXPECT_EQ(message_of_header(header, 3), "accepted");
}

TEST(Safetensors, A_name_taken_twice_is_not_written) {
  for (const char* name : {"w", "__metadata__", "\xff"}) {
    std::vector<TensorView> tensors = {{name, ScalarType::u8, {1}, flags}, {name, ScalarType::u8, {1}, flags}};
    if (std::string_view(name) == "__metadata__") tensors.pop_back();
    try {
      encode_safetensors(tensors, {});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::invalid_argument);
    }
  }
}

TEST(Safetensors, A_name_that_is_not_UTF8_is_not_written) {
  try {
    encode_safetensors({{"\xff", ScalarType::u8, {1}, flags}}, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_argument);
  }
}

TEST(BadSafetensors, A_missing_file_is_not_found) {
  try {
    Safetensors::read("/no/such.safetensors");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
  }
}

TEST(BadSafetensors, Every_truncated_file_is_refused) {
  std::string bytes = encode_safetensors(some(), {{"k", "v"}});
  ASSERT_EQ(message_of(bytes), "accepted");
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(message_of(bytes.substr(0, size)), "accepted") << size;
}

TEST(BadSafetensors, Bytes_after_the_last_tensor_are_refused) {
  EXPECT_THAT(message_of(encode_safetensors(some(), {}) + "x"), HasSubstr("1 bytes too many"));
  EXPECT_THAT(message_of_header("{}", 5), HasSubstr("5 bytes too many"));
}

TEST(BadSafetensors, A_header_longer_than_the_file_or_than_the_format_allows_is_refused) {
  EXPECT_THAT(message_of(length_prefix(3) + "{}"), HasSubstr("should have 3 bytes"));
  EXPECT_THAT(message_of(length_prefix(UINT64_MAX) + "{}"), HasSubstr("18446744073709551615"));
  EXPECT_THAT(message_of(length_prefix(100'000'001) + "{}" + std::string(100'000'000, ' ')),
              HasSubstr("may have 100000000"));
}

TEST(BadSafetensors, A_header_that_is_no_JSON_object_is_refused) {
  for (const char* header : {"", " {}", "[]", "{", "{}}", "{} x", "{\"a\":}", "{'a':1}", "null", "{\"\xff\":1}", "PK\3\4",
                             "{\"t\":1}", "{\"t\":[]}", "{\"t\":null}", "{}\n{}"})
    EXPECT_NE(message_of_header(header), "accepted") << header;
}

TEST(BadSafetensors, Deep_nesting_is_refused_before_it_costs_anything) {
  EXPECT_THAT(message_of_header("{\"t\":" + std::string(1'000'000, '[')), HasSubstr("nested too deeply"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"t\":";
  EXPECT_THAT(message_of_header(objects), HasSubstr("nested too deeply"));
}

TEST(BadSafetensors, A_name_that_stands_twice_is_refused) {
  std::string t = R"("t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(message_of_header("{" + t + "," + t + "}", 1), HasSubstr("\"t\" stands twice"));
  EXPECT_THAT(message_of_header(R"({"t":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("\"dtype\" stands twice"));
  EXPECT_THAT(message_of_header(R"({"__metadata__":{"k":"1","k":"2"}})"), HasSubstr("\"k\" stands twice"));
  EXPECT_THAT(message_of_header(R"({"__metadata__":{},"__metadata__":{}})"), HasSubstr("stands twice"));
}

TEST(BadSafetensors, Metadata_hold_text_alone) {
  for (const char* metadata : {"1", "null", "[]", R"({"k":1})", R"({"k":null})", R"({"k":{"a":"b"}})"})
    EXPECT_THAT(message_of_header(std::string(R"({"__metadata__":)") + metadata + "}"), HasSubstr("__metadata__"));
}

TEST(BadSafetensors, A_missing_unknown_or_mistyped_member_is_refused) {
  EXPECT_THAT(message_of_header(R"({"t":{"shape":[1],"data_offsets":[0,1]}})", 1), HasSubstr("dtype is missing"));
  EXPECT_THAT(message_of_header(R"({"t":{"dtype":"U8","data_offsets":[0,1]}})", 1), HasSubstr("shape is missing"));
  EXPECT_THAT(message_of_header(R"({"t":{"dtype":"U8","shape":[1]}})", 1), HasSubstr("data_offsets is missing"));
  EXPECT_THAT(message_of_header(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}})", 1),
              HasSubstr("unknown member \"x\""));
  EXPECT_THAT(message_of_header(R"({"t":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", 1), HasSubstr("dtype 1"));
}

TEST(BadSafetensors, An_unknown_dtype_is_refused_and_named) {
  for (const char* dtype : {"F8_E4M3", "f32", "", "I16", "U64", "F32 "})
    EXPECT_THAT(message_of_header(entry(dtype, "[1]", "[0,4]"), 4), HasSubstr("is none of F32"));
}

TEST(BadSafetensors, A_shape_of_anything_but_whole_numbers_is_refused) {
  for (const char* shape : {"[-1]", "[-9223372036854775808]", "[1.0]", "[1e0]", "[\"1\"]", "[null]", "[[1]]", "1", "{}",
                            "\"1\"", "[9223372036854775808]", "[18446744073709551616]", "[true]"})
    EXPECT_THAT(message_of_header(entry("U8", shape, "[0,1]"), 1), AnyOf(HasSubstr("shape"), HasSubstr("nested too deeply"))) << shape;
}

TEST(BadSafetensors, A_shape_whose_product_overflows_is_refused) {
  for (const char* shape : {"[4294967296,4294967296]", "[9223372036854775807,2]", "[4611686018427387904]",
                            "[2305843009213693952,8]", "[9223372036854775807,9223372036854775807,0]"})
    EXPECT_THAT(message_of_header(entry("F32", shape, "[0,0]")), HasSubstr("overflows")) << shape;
}

TEST(BadSafetensors, Offsets_that_do_not_fit_shape_and_type_are_refused) {
  EXPECT_THAT(message_of_header(entry("F32", "[2]", "[0,4]"), 4), HasSubstr("takes 8 bytes, and data_offsets hold 4"));
  EXPECT_THAT(message_of_header(entry("F32", "[1]", "[0,8]"), 8), HasSubstr("takes 4 bytes"));
  EXPECT_THAT(message_of_header(entry("F32", "[]", "[0,0]")), HasSubstr("takes 4 bytes"));
  EXPECT_THAT(message_of_header(entry("F32", "[0]", "[0,4]"), 4), HasSubstr("takes 0 bytes"));
}

TEST(BadSafetensors, Offsets_outside_of_the_data_are_refused) {
  for (const char* offsets : {"[0,5]", "[4,0]", "[0]", "[]", "[0,4,4]", "[-4,0]", "[0,18446744073709551615]",
                              "[9223372036854775803,9223372036854775807]", "[0.0,4.0]", "4", "null"})
    EXPECT_THAT(message_of_header(entry("F32", "[1]", offsets), 4), HasSubstr("data_offsets")) << offsets;
}

TEST(BadSafetensors, Tensors_that_overlap_are_refused) {
  for (const char* second : {"[0,2]", "[1,3]", "[0,4]"}) {
    std::string shape = std::string(second) == "[0,4]" ? "[4]" : "[2]";
    std::string header = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":)" + shape +
                         R"(,"data_offsets":)" + second + "}}";
    EXPECT_THAT(message_of_header(header, shape == "[4]" ? 4 : second[1] == '1' ? 3 : 2), HasSubstr("overlap")) << second;
  }
}

TEST(BadSafetensors, A_gap_between_tensors_is_refused) {
  std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                       R"("b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})";
  EXPECT_THAT(message_of_header(header, 3), HasSubstr("1 bytes that belong to no tensor"));
  EXPECT_THAT(message_of_header(entry("U8", "[1]", "[1,2]"), 2), HasSubstr("belong to no tensor"));
}

TEST(BadSafetensors, A_boolean_is_0_or_1) {
  std::string bytes = file(entry("BOOL", "[2]", "[0,2]"));
  EXPECT_EQ(message_of(bytes + std::string("\0\1", 2)), "accepted");
  EXPECT_THAT(message_of(bytes + "\1\2"), HasSubstr("a BOOL is 2"));
}

// Every byte of a small file changed to several others: read or refused, and never more.
TEST(BadSafetensors, A_changed_byte_is_read_or_refused) {
  const std::string good = encode_safetensors(some(), {{"k", "v"}});
  for (size_t i = 0; i < good.size(); ++i)
    for (char change : {'\0', '\1', '9', '"', '}', '\x7f', '\xff'}) {
      std::string bytes = good;
      bytes[i] = change;
      try {
        Safetensors read = Safetensors::parse(bytes, "x");
        for (const TensorView& tensor : read.tensors()) EXPECT_EQ(bytes_in(tensor).size(), size_t(tensor.bytes()));
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::bad_data);
      }
    }
}

}  // namespace
}  // namespace signsym
