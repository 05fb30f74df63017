// The monitor's own thread: real descriptors and a real poll(2), no sleeps. What it decides is tested in
// monitor_core_test.cpp.
#include <gtest/gtest.h>
#include <plimsoll/pressure.h>
#include <poll.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "pressure/wake_pipe.h"

namespace plimsoll {
namespace {

using std::chrono::hours;

// The test writes into the pipe, the monitor hears a warning.
class PipeSource : public PressureSource {
 public:
  explicit PipeSource(std::shared_ptr<pressure::WakePipe> pipe) : pipe_(std::move(pipe)) {}
  std::string_view name() const override { return "pipe"; }
  int descriptor() const override { return pipe_->descriptor(); }
  short events() const override { return POLLIN; }
  SourceSignal on_ready(short) override {
    pipe_->drain();
    return SourceSignal::warning;
  }

 private:
  std::shared_ptr<pressure::WakePipe> pipe_;
};

// Counts what it is told, and lets the test wait for it.
class Counter : public PressureListener {
 public:
  void on_check(MemoryPressure) override { add(checks_); }
  void on_emergency() override { add(emergencies_); }

  void wait_for_checks(int count) { wait_for(checks_, count); }
  void wait_for_emergencies(int count) { wait_for(emergencies_, count); }

 private:
  void add(int& counter) {
    const std::lock_guard lock(mutex_);
    ++counter;
    changed_.notify_all();
  }
  void wait_for(const int& counter, int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return counter >= count; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int checks_ = 0;
  int emergencies_ = 0;
};

// Measures once at the start and then not within any test's time.
MonitorOptions options_for(std::uint64_t percent) {
  MonitorOptions options;
  options.sample = [percent]() -> Expected<MemoryUse> { return MemoryUse{percent, 100, "test"}; };
  options.sources = PressureSources{};
  options.interval = hours(1);
  return options;
}

TEST(MemoryMonitor, HearsASourceWhileItWaitsForTheNextSample) {
  const auto pipe = std::make_shared<pressure::WakePipe>();
  MonitorOptions options = options_for(10);
  options.sources->push_back(std::make_unique<PipeSource>(pipe));
  MemoryMonitor monitor(std::move(options));
  Counter counter;
  const auto subscription = monitor.subscribe(counter);
  EXPECT_TRUE(monitor.can_keep_model_loaded());
  pipe->wake();
  counter.wait_for_emergencies(1);
  EXPECT_EQ(monitor.pressure(), MemoryPressure::critical);
  EXPECT_FALSE(monitor.can_keep_model_loaded());
  pipe->wake();
  counter.wait_for_emergencies(2);
}

TEST(MemoryMonitor, IsCriticalWhenTheReportOfAWarningReturns) {
  MemoryMonitor monitor(options_for(10));
  Counter counter;
  const auto subscription = monitor.subscribe(counter);
  monitor.report_system_warning();
  EXPECT_EQ(monitor.pressure(), MemoryPressure::critical);
  counter.wait_for_emergencies(1);
}

TEST(MemoryMonitor, SamplesAgainAndAgainOnItsOwn) {
  MonitorOptions options = options_for(75);
  options.interval = std::chrono::milliseconds(1);
  MemoryMonitor monitor(std::move(options));
  Counter counter;
  const auto subscription = monitor.subscribe(counter);
  counter.wait_for_checks(5);
  EXPECT_EQ(monitor.pressure(), MemoryPressure::warning);
  EXPECT_TRUE(monitor.can_keep_model_loaded());
  ASSERT_TRUE(monitor.last_use().has_value());
  EXPECT_EQ(monitor.last_use()->used_bytes, 75U);
}

TEST(MemoryMonitor, IsNotDelayedByTheNextSampleWhenItEnds) {
  // With an interval of an hour this test would run into its time limit.
  MemoryMonitor monitor(options_for(10));
}

TEST(MemoryMonitor, TellsOnAThreadOfItsOwn) {
  struct Asker : Counter {
    void on_emergency() override {
      thread = std::this_thread::get_id();
      Counter::on_emergency();
    }
    std::thread::id thread;
  } asker;
  MemoryMonitor monitor(options_for(10));
  const auto subscription = monitor.subscribe(asker);
  monitor.report_system_warning();
  asker.wait_for_emergencies(1);
  EXPECT_NE(asker.thread, std::this_thread::get_id());
}

TEST(MemoryMonitor, MeasuresThisMachineByDefault) {
  MemoryMonitor monitor;
  Counter counter;
  const auto subscription = monitor.subscribe(counter);
  monitor.report_system_warning();  // so that a check comes at once, or has come
  counter.wait_for_checks(1);
  ASSERT_TRUE(monitor.last_use().has_value());
  EXPECT_GT(monitor.last_use()->used_bytes, 0U);
}

}  // namespace
}  // namespace plimsoll
