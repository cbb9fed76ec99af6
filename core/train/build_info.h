// What the library is made of, and the machine that it runs on: proto/signsym/v1/build_info.proto has the meaning of each.
#pragma once

#include "signsym/v1/build_info.pb.h"

namespace signsym {

v1::BuildInfo build_info();

}  // namespace signsym
