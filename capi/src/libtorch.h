// One LibTorch serves a whole process, and the first that is loaded wins, whoever loads it.
#pragma once

namespace signsym::capi {

// Throws unsupported, naming both versions and the file, where the LibTorch in this process is not of the version that
// this library was built for. Asked once.
void require_our_libtorch();

}  // namespace signsym::capi
