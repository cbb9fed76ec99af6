// Cancel tokens. They live in a table of their own, without a lock or an allocation, so that a signal handler may set
// one.
#pragma once

#include <signsym/signsym.h>

#include <functional>

namespace signsym::capi {

// Throws invalid_handle. A token that is freed meanwhile keeps its state for the check.
std::function<bool()> cancel_check(const signsym_cancel* cancel);

}  // namespace signsym::capi
