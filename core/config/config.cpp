#include "config/config.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "config/contradictions.h"
#include "config/form.h"
#include "config/schema.h"
#include "config/settings.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr size_t largest = size_t{16} << 20;
constexpr const char* by_set = "set after reading";

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// "a.b" and "a[0]" are inside "a", "ab" is not.
bool is_inside(std::string_view path, std::string_view outer) {
  return starts_with(path, outer) &&
         (path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[');
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// "transform[2].crop" → "transform", 2, and "crop" left; index −1 where there is none.
struct Step {
  std::string name;
  int index = -1;
};

Step next_step(std::string_view* path, const std::string& parent) {
  const std::string_view part = path->substr(0, path->find('.'));
  path->remove_prefix(std::min(path->size(), part.size() + 1));
  const size_t bracket = part.find('[');
  if (bracket == std::string_view::npos) return {std::string(part)};
  Step step{std::string(part.substr(0, bracket))};
  const std::string_view digits = part.substr(bracket + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), step.index);
  if (problem != std::errc() || step.index < 0 || digits.substr(static_cast<size_t>(end - digits.data())) != "]")
    throw Fault{child_path(parent, part), "an index in brackets is expected, as in " + step.name + "[0]"};
  return step;
}

// Returns the path as the schema spells it.
std::string set_at(pb::Message* message, const std::string& parent, std::string_view path, std::string_view value) {
  const Step step = next_step(&path, parent);
  const Field* field = find_field(message->GetDescriptor(), step.name);
  if (!field)
    throw Fault{child_path(parent, step.name), no_such_field(message->GetDescriptor(), parent, step.name), "", true};
  const std::string list = child_path(parent, field->name());
  const std::string here = step.index < 0 ? list : child_path(parent, field, step.index);
  const pb::Reflection* reflection = message->GetReflection();
  const int size = field->is_repeated() ? reflection->FieldSize(*message, field) : 0;
  if (step.index >= 0 && !field->is_repeated()) throw Fault{list, "is no list: leave the index out"};
  if (step.index > size)
    throw Fault{here, "does not exist: an index from 0 to " + std::to_string(size) + " is expected"};

  if (path.empty()) {
    set_field(message, parent, field, value, step.index);
    return here;
  }
  if (field->cpp_type() != Field::CPPTYPE_MESSAGE)
    throw Fault{here, "has no fields: " + allowed(field) + " is expected"};
  if (!field->is_repeated()) return set_at(reflection->MutableMessage(message, field), here, path, value);
  if (step.index < 0) throw Fault{here, "is a list: name an element of it, as in " + here + "[0]"};
  if (step.index == size) reflection->AddMessage(message, field);
  return set_at(reflection->MutableRepeatedMessage(message, field, step.index), here, path, value);
}

// Of "a.b[2].c": "a.b[2]", "a.b", "a".
std::string enclosing(const std::string& path) {
  const size_t end = path.find_last_of(".[");
  return end == std::string::npos ? "" : path.substr(0, end);
}

}  // namespace

Config Config::parse(std::string_view bytes, Format format, const std::string& source) {
  Config config;
  config.source_ = source;
  try {
    if (bytes.size() > largest)
      throw Fault{"", "has " + std::to_string(bytes.size()) + " bytes: at most " + std::to_string(largest) +
                          " are expected", "", true};
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (format != Format::binary && bytes.substr(0, 3) == byte_order_mark) bytes.remove_prefix(3);
    switch (format) {
      case Format::text: read_text(bytes, &config.experiment_, &config.origin_); break;
      case Format::json: read_json(bytes, &config.experiment_); break;
      case Format::binary: read_binary(bytes, &config.experiment_); break;
      default: fail_unknown(format);
    }
    check_form(config.experiment_);
  } catch (const Fault& fault) {
    throw config.error(fault);
  }
  return config;
}

Config Config::read(const std::string& path) {
  Format format = Format::text;
  if (ends_with(path, ".json")) format = Format::json;
  if (ends_with(path, ".binpb") || ends_with(path, ".pb")) format = Format::binary;
  return parse(read_file(path), format, path);
}

void Config::set(const std::string& path, const std::string& value) {
  v1::Experiment changed = experiment_;
  std::string name;
  try {
    name = set_at(&changed, "", path, value);
    check_form(changed);
  } catch (Fault& fault) {
    fault.location = by_set;
    throw error(fault);
  }
  experiment_.Swap(&changed);
  for (auto i = origin_.lower_bound(name); i != origin_.end() && starts_with(i->first, name);)
    i = is_inside(i->first, name) ? origin_.erase(i) : std::next(i);
  origin_[name] = by_set;
}

void Config::check() const { (void)resolved(); }

Config Config::resolved() const {
  Config config = *this;
  try {
    check_settings(experiment_);
    fill_defaults(&config.experiment_);
    fill_dependent_defaults(&config.experiment_);
    check_contradictions(config.experiment_);
  } catch (const Fault& fault) {
    throw error(fault);
  }
  return config;
}

std::string Config::write(Format format) const { return signsym::write(experiment_, format); }

std::string Config::hash() const { return sha256(write_binary(without_places(resolved().experiment_))); }

std::string Config::where(const std::string& path) const {
  std::string from = path;
  while (!from.empty() && !origin_.count(from)) from = enclosing(from);
  return place(path, from.empty() ? "" : origin_.at(from));
}

std::string Config::place(const std::string& path, const std::string& origin) const {
  if (origin == by_set) return source_ + (path.empty() ? "" : ": " + path) + " (" + origin + ")";
  return source_ + (origin.empty() ? "" : ":" + origin) + (path.empty() ? "" : ": " + path);
}

Error Config::error(const Fault& fault) const {
  const std::string subject = fault.names_the_place ? "" : fault.path;
  const std::string start = fault.location.empty() ? where(subject) : place(subject, fault.location);
  return {Status::invalid_config, start + ": " + fault.why, fault.path};
}

void locating_errors(const Config& config, const std::function<void()>& make) {
  try {
    make();
  } catch (const Error& error) {
    const std::string message = error.what(), &field = error.field();
    const bool of_config = error.status() == Status::invalid_config || error.status() == Status::unsupported;
    if (!of_config || field.empty() || message.rfind(field, 0) != 0) throw;
    throw Error(error.status(), config.where(field) + message.substr(field.size()), field);
  }
}

v1::Experiment without_places(const v1::Experiment& experiment) {
  v1::Experiment copy = experiment;
  drop_places(&copy);
  return copy;
}

}  // namespace signsym
