#include <thread>
#include <utility>

#include "engine/model_needs.h"
#include "engine/planner.h"
#include "plimsoll/evaluator.h"
#include "plimsoll/plan.h"

namespace plimsoll {

// An opened model on a pool of its own: what it draws up is charged to nobody.
struct MemoryPlanner::Impl {
  explicit Impl(int threads)
      : device(MemoryPool::create(), {MemoryHolder::weights_text, MemoryHolder::compute_text}, threads, true,
               true) {}

  engine::GovernedDevice device;
  std::unique_ptr<engine::TextModel> text;
  engine::ModelNeeds needs;
};

MemoryPlanner::MemoryPlanner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MemoryPlanner::MemoryPlanner(MemoryPlanner&&) noexcept = default;
MemoryPlanner::~MemoryPlanner() = default;

Expected<MemoryPlanner> MemoryPlanner::open(const ModelFiles& files, int threads, VisionKernels kernels) {
  if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  auto impl = std::make_unique<Impl>(threads);
  auto text = engine::TextModel::open(files.text, impl->device);
  if (!text) return tl::unexpected(text.error());
  impl->text = std::move(*text);
  auto needs =
      engine::read_needs(*impl->text, files.vision, kernels, threads, std::make_shared<CancelFlag>());
  if (!needs) return tl::unexpected(needs.error());
  impl->needs = std::move(*needs);
  return MemoryPlanner(std::move(impl));
}

Expected<MemoryPlan> MemoryPlanner::plan(const MemoryConfiguration& configuration,
                                         const MemoryBudget& budget) {
  return engine::make_plan(impl_->needs, configuration, budget);
}

}  // namespace plimsoll
