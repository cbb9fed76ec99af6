#include "report_assets.h"

extern "C" {
extern const char driver_page[], driver_page_end[];
extern const char driver_style[], driver_style_end[];
extern const char driver_script[], driver_script_end[];
extern const char driver_plotly[], driver_plotly_end[];
}

namespace driver {
namespace {

std::string_view bytes(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

}  // namespace

Assets report_assets() {
  return {bytes(driver_page, driver_page_end), bytes(driver_style, driver_style_end),
          bytes(driver_script, driver_script_end), bytes(driver_plotly, driver_plotly_end)};
}

}  // namespace driver
