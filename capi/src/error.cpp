#include <c10/util/Exception.h>

#include <filesystem>
#include <new>

#include "base/utf8.h"
#include "guard.h"

using namespace signsym::capi;

namespace signsym::capi {
namespace {

// Messages quote what was given (paths, names, pieces of files), whose bytes may be anything: here they become UTF-8.
signsym_status report(signsym_error** error, signsym_status status, const char* message,
                      const std::string& field = {}) {
  if (error)
    *error = adopt<signsym_error>(std::make_shared<ErrorObject>(ErrorObject{status, as_utf8(message), as_utf8(field)}));
  return status;
}

}  // namespace

signsym_status report_current_exception(signsym_error** error) noexcept {
  signsym_status status = SIGNSYM_INTERNAL;
  try {
    try {
      throw;
    } catch (const Error& e) {
      status = static_cast<signsym_status>(e.status());
      return report(error, status, e.what(), e.field());
    } catch (const c10::Error& e) {
      const std::string message = e.what_without_backtrace();
      if (message.find("not enough memory") != std::string::npos || message.find("out of memory") != std::string::npos)
        status = SIGNSYM_OUT_OF_MEMORY;
      return report(error, status, ("LibTorch: " + message).c_str());
    } catch (const std::bad_alloc&) {
      status = SIGNSYM_OUT_OF_MEMORY;
      return report(error, status, "there is not enough memory: use a smaller batch or model, or end other programs");
    } catch (const std::filesystem::filesystem_error& e) {
      status = SIGNSYM_IO;
      return report(error, status, e.what());
    } catch (const std::exception& e) {
      return report(error, status, e.what());
    } catch (...) {
      return report(error, status, "an exception of an unknown type");
    }
  } catch (...) {
    return status;  // no memory for the error object: the status must do
  }
}

}  // namespace signsym::capi

extern "C" {

signsym_status signsym_error_status(const signsym_error* error) {
  if (!error) return SIGNSYM_OK;
  const auto object = find(error);
  return object ? object->status : SIGNSYM_INVALID_HANDLE;
}

const char* signsym_error_message(const signsym_error* error) {
  const auto object = find(error);
  return object ? object->message.c_str() : "";
}

const char* signsym_error_field(const signsym_error* error) {
  const auto object = find(error);
  return object ? object->field.c_str() : "";
}

const char* signsym_status_name(signsym_status status) {
  static const char* const names[] = {
      "SIGNSYM_OK",        "SIGNSYM_INVALID_ARGUMENT", "SIGNSYM_INVALID_HANDLE",  "SIGNSYM_INVALID_CONFIG",
      "SIGNSYM_NOT_FOUND", "SIGNSYM_ALREADY_EXISTS",   "SIGNSYM_IO",              "SIGNSYM_BAD_DATA",
      "SIGNSYM_MISMATCH",  "SIGNSYM_UNSUPPORTED",      "SIGNSYM_OUT_OF_MEMORY",   "SIGNSYM_DIVERGED",
      "SIGNSYM_CANCELLED", "SIGNSYM_BUSY",             "SIGNSYM_CALLBACK_FAILED", "SIGNSYM_INTERNAL"};
  return status >= 0 && status <= SIGNSYM_INTERNAL ? names[status] : "";
}

void signsym_error_free(signsym_error* error) { release(error); }

}  // extern "C"
