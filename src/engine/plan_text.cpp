// Plans in words.
#include <algorithm>

#include "plimsoll/plan.h"
#include "plimsoll/size.h"

namespace plimsoll {

namespace {

std::size_t limit_of(std::string_view bound, const MemoryBudget& budget) {
  if (bound == kMemoryLimitBound) return budget.line_bytes.value_or(0);
  return bound == kProcessBound ? budget.private_bytes.value_or(0) : budget.growth_bytes;
}

std::vector<HolderShare> largest_first(const MemoryPlan& plan) {
  std::vector<HolderShare> shares;
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    if (plan.holder_bytes[i] == 0) continue;
    shares.push_back({std::string(to_string(static_cast<MemoryHolder>(i))), plan.holder_bytes[i]});
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const HolderShare& a, const HolderShare& b) { return a.bytes > b.bytes; });
  return shares;
}

}  // namespace

std::string_view to_string(KvType type) {
  switch (type) {
    case KvType::f16:
      return "f16";
    case KvType::q8_0:
      return "q8_0";
    case KvType::q4_0:
      return "q4_0";
  }
  return "unknown";
}

std::string_view to_string(VisionKernels kernels) {
  constexpr std::string_view kNames[] = {"best", "int8", "bf16", "plain", "libmtmd"};
  return kNames[static_cast<std::size_t>(kernels)];
}

std::optional<VisionKernels> vision_kernels_from_string(std::string_view name) {
  for (const VisionKernels kernels : {VisionKernels::best, VisionKernels::int8, VisionKernels::bf16,
                                      VisionKernels::plain, VisionKernels::libmtmd}) {
    if (to_string(kernels) == name) return kernels;
  }
  return std::nullopt;
}

std::string_view to_string(Concession concession) {
  switch (concession) {
    case Concession::fewer_at_once:
      return "fewer answers at once";
    case Concession::forgetting:
      return "prompts not kept for a second question";
    case Concession::vision_on_demand:
      return "vision encoder on demand";
    case Concession::smaller_batch:
      return "smaller batches";
    case Concession::plain_weights:
      return "weights not repacked";
    case Concession::taking_turns:
      return "text weights leave while it looks";
    case Concession::kv_q8_0:
      return "8-bit context";
    case Concession::shorter_answers:
      return "shorter answers";
    case Concession::streamed_weights:
      return "layers streamed from the file";
    case Concession::kv_q4_0:
      return "4-bit context";
  }
  return "unknown";
}

Error does_not_fit_error(const MemoryPlan& plan, const MemoryBudget& budget) {
  BudgetDenial denial;
  denial.requested_bytes = plan.peak_bytes;
  denial.available_bytes = plan.peak_bytes - std::min(plan.peak_bytes, plan.missing_bytes);
  denial.limit_bytes = limit_of(plan.missing_from, budget);
  denial.bound = plan.missing_from;
  denial.holders = largest_first(plan);
  denial.holder = denial.holders.empty() ? "" : denial.holders.front().holder;
  std::string list;
  for (const HolderShare& share : denial.holders) {
    list += (list.empty() ? "" : ", ") + share.holder + " " + format_size(share.bytes);
  }
  return {ErrorCode::over_budget,
          "the model does not fit: the smallest way to run it needs " + format_size(plan.missing_bytes) +
              " more than the " + plan.missing_from + " has (" + format_size(plan.peak_bytes) +
              " at its peak, of these at most: " + list + "); use a smaller model, or give it more memory",
          std::move(denial)};
}

}  // namespace plimsoll
