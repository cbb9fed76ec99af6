#include "report_config.h"

#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "library.h"

namespace driver {
namespace {

using nlohmann::json;

// "learningRate" and "learning_rate" are one field in Protobuf's JSON; the schema's spelling is the second.
std::string field_name(const std::string& key) {
  std::string name;
  for (const char c : key) {
    if (std::isupper(static_cast<unsigned char>(c))) name += '_';
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

void flatten(const json& value, const std::string& path, FlatConfig& out) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, member] : value.items()) {
      flatten(member, path.empty() ? field_name(key) : path + "." + field_name(key), out);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) flatten(value[i], path + "[" + std::to_string(i) + "]", out);
  } else {
    out[path] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

bool is_name_or_place(const std::string& path) {
  const auto starts = [&path](const char* text) { return path.rfind(text, 0) == 0; };
  return path == "name" || starts("output.") || (starts("data.") && path.size() > 5 &&
                                                 path.compare(path.size() - 5, 5, ".path") == 0);
}

}  // namespace

FlatConfig read_flat_config(const std::filesystem::path& folder) {
  const Config config = make<Config>(signsym_config_create_from_run, folder.c_str());
  const Bytes bytes = make<Bytes>(signsym_config_write, config.get(), SIGNSYM_JSON);
  FlatConfig flat;
  flatten(json::parse(to_string(bytes)), "", flat);
  return flat;
}

std::vector<Difference> differences(const std::vector<FlatConfig>& configs) {
  std::set<std::string> paths;
  for (const FlatConfig& config : configs) {
    for (const auto& [path, value] : config) paths.insert(path);
  }
  std::vector<Difference> found;
  for (const std::string& path : paths) {
    if (is_name_or_place(path)) continue;
    Difference difference{path, {}};
    for (const FlatConfig& config : configs) {
      const auto field = config.find(path);
      difference.values.push_back(field == config.end() ? "" : field->second);
    }
    if (std::set<std::string>(difference.values.begin(), difference.values.end()).size() > 1) {
      found.push_back(std::move(difference));
    }
  }
  return found;
}

}  // namespace driver
