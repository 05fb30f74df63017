// The memory pressure of macOS, dispatch_source_create(3): its handler runs on a queue of the system's, and
// wakes the monitor through a pipe. It speaks up at each change of the level, and is never armed again.
#include <dispatch/dispatch.h>
#include <poll.h>

#include "plimsoll/pressure.h"
#include "pressure/wake_pipe.h"

namespace plimsoll {
namespace {

class MacosSource final : public PressureSource {
 public:
  explicit MacosSource(dispatch_source_t source) : source_(source) {
    dispatch_set_context(source_, pipe_);
    dispatch_source_set_event_handler_f(source_,
                                        [](void* pipe) { static_cast<pressure::WakePipe*>(pipe)->wake(); });
    // Runs after the last handler has: until then the pipe is needed.
    dispatch_source_set_cancel_handler_f(source_,
                                         [](void* pipe) { delete static_cast<pressure::WakePipe*>(pipe); });
    dispatch_resume(source_);
  }
  ~MacosSource() override {
    dispatch_source_cancel(source_);
    dispatch_release(source_);
  }
  MacosSource(const MacosSource&) = delete;
  MacosSource& operator=(const MacosSource&) = delete;

  std::string_view name() const override { return "memory pressure of macOS"; }
  int descriptor() const override { return pipe_->descriptor(); }
  short events() const override { return POLLIN; }
  SourceSignal on_ready(short) override {
    pipe_->drain();
    return SourceSignal::warning;
  }

 private:
  pressure::WakePipe* const pipe_ = new pressure::WakePipe;
  const dispatch_source_t source_;
};

}  // namespace

PressureSources open_pressure_sources(const std::filesystem::path&) {
  PressureSources sources;
  const dispatch_source_t source = dispatch_source_create(
      DISPATCH_SOURCE_TYPE_MEMORYPRESSURE, 0, DISPATCH_MEMORYPRESSURE_WARN | DISPATCH_MEMORYPRESSURE_CRITICAL,
      dispatch_get_global_queue(QOS_CLASS_USER_INITIATED, 0));
  if (source != nullptr) sources.push_back(std::make_unique<MacosSource>(source));
  return sources;
}

}  // namespace plimsoll
