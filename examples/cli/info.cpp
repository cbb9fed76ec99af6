// signsym info: what this build is, what this machine has, and what is chosen from that.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "library.h"
#include "text.h"

namespace driver {

namespace {

bool is_bytes(const std::string& key) { return key.size() > 6 && key.compare(key.size() - 6, 6, "_bytes") == 0; }

std::string words(std::string key) {
  if (is_bytes(key)) key.resize(key.size() - 6);
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

std::string value(const std::string& key, const nlohmann::ordered_json& json) {
  // Protobuf's JSON has integers of 64 bits as strings.
  if (is_bytes(key)) return fixed(std::stod(json.get<std::string>()) / (1 << 30), 1) + " GiB";
  if (json.is_string()) return json.get<std::string>();
  if (json.is_boolean()) return json.get<bool>() ? "yes" : "no";
  if (!json.is_array()) return json.dump();
  std::string out;
  for (const auto& item : json) out += (out.empty() ? "" : ", ") + value("", item);
  return out.empty() ? "none" : out;
}

// One line a value; objects as blocks under their name.
void print(const nlohmann::ordered_json& object, const std::string& indent) {
  for (const auto& [key, item] : object.items()) {
    if (item.is_object()) continue;
    const std::string name = indent + words(key);
    std::printf("%s%s%s\n", name.c_str(), std::string(std::max(24 - columns(name), 1), ' ').c_str(),
                value(key, item).c_str());
  }
  for (const auto& [key, item] : object.items()) {
    if (!item.is_object()) continue;
    std::printf("%s%s\n", indent.c_str(), words(key).c_str());
    print(item, indent + "  ");
  }
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "Show versions, the processor, and the defaults chosen for it");
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([as_json, &exit_code] {
    const std::string json = to_string(make<Bytes>(signsym_build_info, SIGNSYM_JSON));
    if (*as_json) std::printf("%s\n", json.c_str());
    else print(nlohmann::ordered_json::parse(json), "");
    exit_code = exit_done;
  });
}

}  // namespace driver
