// Feedback rules from a config.
#include <algorithm>

#include "base/error.h"
#include "base/pattern.h"
#include "config/contradictions.h"
#include "train/factory.h"

namespace signsym {
namespace {

Rule rule_of(v1::Rule rule) {
  switch (rule) {
    case v1::BACKPROP: return Rule::backprop;
    case v1::SHAM: return Rule::sham;
    case v1::SIGN_SYMMETRY_BATCH_RANDOM: return Rule::sign_symmetry_batch_random;
    case v1::SIGN_SYMMETRY_RANDOM_MAGNITUDE: return Rule::sign_symmetry_random_magnitude;
    case v1::FEEDBACK_ALIGNMENT: return Rule::feedback_alignment;
    case v1::FEEDBACK_ALIGNMENT_SIGNED_INIT: return Rule::feedback_alignment_signed_init;
    default: return Rule::sign_symmetry;
  }
}

Scale scale_of(v1::Scale scale) {
  switch (scale) {
    case v1::AUTHORS: return Scale::authors;
    case v1::XAVIER: return Scale::xavier;
    case v1::WEIGHT_MEAN: return Scale::weight_mean;
    default: return Scale::weight_rms;
  }
}

// Feedback and LayerFeedback share these fields; what is set in `message` goes over `to`.
template <typename Message>
void overlay(v1::Feedback& to, const Message& message) {
  if (message.has_rule()) to.set_rule(message.rule());
  if (message.has_scale()) to.set_scale(message.scale());
  if (message.has_granularity()) to.set_granularity(message.granularity());
  if (message.has_distribution()) to.set_distribution(message.distribution());
  if (message.has_sign_of_zero()) to.set_sign_of_zero(message.sign_of_zero());
}

FeedbackRule feedback_rule(const v1::Feedback& config, bool convolution) {
  FeedbackRule rule;
  rule.rule = rule_of(config.rule());
  rule.scale = scale_of(config.scale());
  rule.granularity = config.granularity() == v1::OUTPUT_CHANNEL ? Granularity::output_channel : Granularity::tensor;
  rule.zero_is_positive = config.sign_of_zero() == v1::PLUS_ONE;
  if (config.distribution() == v1::UNIFORM)
    rule.distribution = Distribution::uniform;
  else if (config.distribution() == v1::AUTHORS_UNIFORM)
    rule.distribution = Distribution::authors_uniform;
  else if (!config.has_distribution() && !convolution && rule.scale == Scale::authors)
    rule.distribution = Distribution::authors_uniform;
  return rule;
}

}  // namespace

std::vector<FeedbackRule> make_feedback_rules(const v1::Feedback& config, const std::vector<FeedbackLayer>& layers) {
  std::vector<std::string> names;
  for (const FeedbackLayer& layer : layers) names.push_back(layer.name);
  for (int i = 0; i < config.layer_size(); ++i) {
    const std::string& pattern = config.layer(i).name();
    if (std::none_of(names.begin(), names.end(), [&](const std::string& name) { return matches(pattern, name); }))
      throw config_error("feedback.layer[" + std::to_string(i) + "].name",
                         "\"" + pattern + "\" matches no layer; the model's layers are " + listed(names));
  }
  std::vector<FeedbackRule> rules;
  for (const FeedbackLayer& layer : layers) {
    v1::Feedback merged;
    overlay(merged, config);
    for (const v1::LayerFeedback& change : config.layer())
      if (matches(change.name(), layer.name)) overlay(merged, change);
    if (merged.granularity() == v1::OUTPUT_CHANNEL && is_of_whole_weight(merged.scale()))
      throw config_error("feedback.layer", "the entries that match " + layer.name + " come to granularity OUTPUT_CHANNEL "
                                           "with scale " + v1::Scale_Name(merged.scale()) +
                                           ", which is one number for the whole weight: change one of them");
    rules.push_back(feedback_rule(merged, layer.weight.dim() > 2));
  }
  return rules;
}

}  // namespace signsym
