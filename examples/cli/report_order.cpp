#include "report_order.h"

#include <algorithm>
#include <utility>

#include "text.h"

namespace driver {
namespace {

using Ranked = std::vector<const RunSummary*>;  // the best first

bool above(const RunSummary* a, const RunSummary* b) { return a->held_out->low > b->held_out->high; }

// "A, B and C"
std::string listed(const std::vector<std::string>& texts) {
  std::string out;
  for (size_t i = 0; i < texts.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == texts.size() ? " and " : ", ") + texts[i];
  }
  return out;
}

std::string labels(const Ranked& runs) {
  std::vector<std::string> texts;
  for (const RunSummary* run : runs) texts.push_back(run->label);
  return listed(texts);
}

// Cut where every run before is above every run after.
std::vector<Ranked> tiers(const Ranked& ranked) {
  std::vector<Ranked> tiers;
  for (size_t i = 0; i < ranked.size(); ++i) {
    const bool apart = std::all_of(ranked.begin(), ranked.begin() + i, [&](const RunSummary* better) {
      return std::all_of(ranked.begin() + i, ranked.end(), [&](const RunSummary* run) { return above(better, run); });
    });
    if (apart) tiers.emplace_back();
    tiers.back().push_back(ranked[i]);
  }
  return tiers;
}

std::string accuracies(const Ranked& ranked) {
  const RunSummary& best = *ranked.front();
  const bool same = std::all_of(ranked.begin(), ranked.end(), [&](const auto* run) { return run->epoch == best.epoch; });
  const auto epochs = [](const RunSummary* run) {
    return "after " + thousands(run->epoch) + (run->epoch == 1 ? " epoch" : " epochs");
  };
  const auto told = [&](const RunSummary* run) {
    return run->label + " " + text(*run->held_out) + " %" + (same ? "" : " (" + epochs(run) + ")");
  };
  const std::string head = "Of the " + thousands(best.run.evaluations.back().samples) +
                           " held-out samples these are classified right" + (same ? " " + epochs(&best) : "") + ": ";
  if (ranked.size() > 6) return head + "from " + told(&best) + " down to " + told(ranked.back()) + ".";
  std::vector<std::string> texts;
  for (const RunSummary* run : ranked) texts.push_back(told(run));
  return head + listed(texts) + ".";
}

std::string order(const std::vector<Ranked>& tiers) {
  if (tiers.size() == 2) {
    return labels(tiers[0]) + (tiers[0].size() > 1 ? " are each above " : " is above ") + labels(tiers[1]) +
           ": the 95 % intervals are apart.";
  }
  std::string out = "The 95 % intervals put these apart: first " + labels(tiers[0]);
  for (size_t i = 1; i < tiers.size(); ++i) out += ", then " + labels(tiers[i]);
  return out + ".";
}

// Of runs that overlap, directly or through each other; `which` names them.
std::string overlap(const Ranked& tier, const std::string& which) {
  std::vector<std::string> clear;
  for (size_t i = 0; i < tier.size(); ++i) {
    for (size_t j = i + 1; j < tier.size(); ++j) {
      if (above(tier[i], tier[j])) clear.push_back(tier[i]->label + " above " + tier[j]->label);
    }
  }
  if (clear.empty()) return "Among " + which + " no order is claimed: their 95 % intervals overlap.";
  return "Among " + which + " the 95 % intervals overlap in part; only these are apart: " + listed(clear) + ".";
}

}  // namespace

std::vector<std::string> sentences(const std::vector<RunSummary>& runs) {
  Ranked ranked, open;
  for (const RunSummary& run : runs) {
    if (run.state.empty() && run.held_out) {
      ranked.push_back(&run);
    } else {
      open.push_back(&run);
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const RunSummary* a, const RunSummary* b) {
    return a->held_out->top1 > b->held_out->top1;
  });
  std::vector<std::string> out;
  if (!ranked.empty()) out.push_back(accuracies(ranked));
  const std::vector<Ranked> found = tiers(ranked);
  if (found.size() > 1) out.push_back(order(found));
  for (const Ranked& tier : found) {
    if (tier.size() == 1) continue;
    const std::string count = std::to_string(tier.size());
    out.push_back(overlap(tier, found.size() == 1       ? "these"
                                : &tier == &found.front() ? "the first " + count
                                : &tier == &found.back()  ? "the last " + count
                                                          : labels(tier)));
  }
  if (!open.empty()) {
    out.push_back("Not compared, since " + std::string(open.size() > 1 ? "they have" : "it has") +
                  " not finished: " + labels(open) + ".");
  }
  return out;
}

}  // namespace driver
