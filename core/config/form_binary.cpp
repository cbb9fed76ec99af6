#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include "config/form.h"

namespace signsym {

namespace pb = google::protobuf;

void read_binary(std::string_view bytes, pb::Message* message) {
  pb::LogSilencer silence;  // text that is not UTF-8 would be printed
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  check_form(*message);
  throw Fault{"", "is cut off or is no binary " + message->GetDescriptor()->full_name(), "", true};
}

std::string write_binary(const pb::Message& message) {
  std::string bytes;
  {
    pb::io::StringOutputStream stream(&bytes);
    pb::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace signsym
