#include <nlohmann/json.hpp>

#include "fixture.h"

int json_has(const char* json, const char* member, const char* text) {
  const auto value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return 0;
  return !member || (value.contains(member) && (!text || value[member] == text));
}
