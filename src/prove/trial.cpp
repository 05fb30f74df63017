#include "prove/trial.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/child_process.h"
#include "device/limited_cgroup.h"
#include "plimsoll/evaluator.h"
#include "prove/events.h"
#include "prove/trial_task.h"

namespace plimsoll::prove {

namespace {

constexpr int kMostLives = 3;  // of a trial: one that dies again and again has shown what it has to show

// A place for the trial's processes, and what to say of it.
struct Place {
  std::optional<device::LimitedCgroup> cgroup{};
  std::string sentence;
};

Place find_place(const std::optional<std::uint64_t>& device_memory_bytes) {
  if (!device_memory_bytes) return {.sentence = "on this machine as it is, in no memory cgroup of its own"};
  const std::uint64_t share = app_share_of(*device_memory_bytes);
  const auto machine = read_device_memory();
  if (machine && machine->effective_bytes < share) {
    return {.sentence =
                fmt::format("this machine has {}, less than the {} that such a device leaves an app: in "
                            "no memory cgroup of its own",
                            format_size(machine->effective_bytes), format_size(share))};
  }
  auto cgroup = device::LimitedCgroup::make(share);
  if (!cgroup) {
    return {.sentence =
                "in no memory cgroup, because there is no right to make one here (root on Linux has "
                "it): --device-memory alone says how large the device is"};
  }
  std::string sentence = fmt::format(
      "in a real memory cgroup of {} without swap ({}), what a device of {} leaves an app",
      format_size(share), cgroup->folder().filename().string(), format_size(*device_memory_bytes));
  return {std::move(cgroup), std::move(sentence)};
}

// How far a part is, from what its process told last.
class Progress {
 public:
  Progress(const Plan& plan, const ProgressText& on_progress) : plan_(plan), on_progress_(on_progress) {}

  Part part() const { return part_; }

  void hear(const Event& event) {
    if (const auto* begun = std::get_if<PartBegun>(&event)) {
      part_ = begun->part;
      show(fmt::format("{}", to_string(part_)));
    } else if (const auto* answer = std::get_if<Answer>(&event)) {
      const std::string of = rounds() > 0 ? fmt::format(" of {}", rounds()) : "";
      show(fmt::format("{}, round {}{}: {:.1f} tokens/s, first word after {:.2f} s, {}",
                       to_string(answer->part), answer->round + 1, of, answer->tokens_per_second,
                       answer->response_ms / 1000, format_size(answer->footprint_bytes)));
    }
  }

 private:
  // 0: as many as there is time for.
  int rounds() const {
    const std::array<int, kPartCount> rounds = {1, plan_.in_a_row, plan_.switches, plan_.stress_rounds,
                                                0, plan_.cancels};
    return rounds[static_cast<std::size_t>(part_)];
  }
  void show(const std::string& text) {
    if (on_progress_) on_progress_(text);
  }

  const Plan& plan_;
  const ProgressText& on_progress_;
  Part part_ = Part::first_load;
};

// Takes lines off what a process writes, and their events into the trial.
class Listener {
 public:
  /// `began_s`: since the trial did.
  Listener(Trial& trial, Progress& progress, double began_s)
      : trial_(trial), progress_(progress), began_s_(began_s) {}

  /// Until the process has written its last.
  Expected<void> listen(ChildProcess& process, const std::atomic<bool>* cancelled) {
    std::array<std::byte, 1 << 14> bytes{};
    for (;;) {
      const auto count = process.read_some(bytes, cancelled);
      if (!count) return tl::unexpected(count.error());
      if (*count == 0) return {};
      text_.append(reinterpret_cast<const char*>(bytes.data()), *count);
      if (auto taken = take_lines(); !taken) return taken;
    }
  }

 private:
  Expected<void> take_lines() {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto event = parse_event(std::string_view(text_).substr(begin, end - begin));
      if (!event) return tl::unexpected(event.error());
      add(shifted(*event, began_s_), trial_);
      progress_.hear(*event);
    }
    text_.erase(0, begin);
    return {};
  }

  Trial& trial_;
  Progress& progress_;
  double began_s_;
  std::string text_;  // a line that is not whole yet
};

std::string ending_of(const ChildEnd& end) {
  return end.signal != 0 ? fmt::format("was killed by signal {}", end.signal)
                         : fmt::format("ended with exit code {} {}", end.exit_code, end.complaint);
}

// One process: empty when it did all that was left or was ended by us, else how it died.
std::optional<std::string> live_once(const TrialTask& task, const std::vector<std::string>& arguments,
                                     const std::atomic<bool>* cancelled, Trial& trial, Progress& progress,
                                     double began_s) {
  std::vector<std::string> command{"/proc/self/exe"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.push_back(task_word(task));
  auto process = ChildProcess::start(std::move(command));
  if (!process) {
    trial.failure = process.error().message;
    return std::nullopt;
  }
  auto heard = Listener(trial, progress, began_s).listen(*process, cancelled);
  const auto end = heard ? process->wait(cancelled) : tl::unexpected(heard.error());
  if (!end) {
    trial.interrupted = end.error().code == ErrorCode::cancelled;
    if (!trial.interrupted) trial.failure = end.error().message;
    return std::nullopt;
  }
  if (!trial.failure.empty() || (end->signal == 0 && end->exit_code == 0)) return std::nullopt;
  return ending_of(*end);
}

}  // namespace

std::uint64_t app_share_of(std::uint64_t device_memory_bytes) { return device_memory_bytes / 4 * 3; }

Expected<std::vector<std::filesystem::path>> example_pictures() {
  const auto model = find_model(std::string(kDefaultModel));
  if (!model) return tl::unexpected(model.error());
  const std::filesystem::path folder = model->text.parent_path() / "examples";
  std::vector<std::filesystem::path> pictures;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".png") pictures.push_back(entry.path());
  }
  if (pictures.empty()) {
    return fail(ErrorCode::not_found, "there are no pictures to ask about in " + folder.string());
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

Trial run_trial(const TrialOrder& order, const std::vector<std::string>& arguments,
                const std::atomic<bool>* cancelled, const ProgressText& on_progress) {
  Trial trial{.strategy = order.options.device.strategy, .plan = order.plan};
  const Place place = find_place(order.options.device.device_memory_bytes);
  trial.place = place.sentence;
  if (place.cgroup) trial.cgroup_limit_bytes = app_share_of(*order.options.device.device_memory_bytes);

  const auto began = std::chrono::steady_clock::now();
  Progress progress(order.plan, on_progress);
  TrialTask task{.order = order, .cgroup_processes = place.cgroup ? place.cgroup->processes() : ""};
  for (int life = 0; life < kMostLives; ++life) {
    const std::chrono::duration<double> so_far = std::chrono::steady_clock::now() - began;
    const auto death = live_once(task, arguments, cancelled, trial, progress, so_far.count());
    if (!death) break;
    trial.crashes.push_back({progress.part(), *death});
    if (progress.part() == Part::calls) break;
    task.first = static_cast<Part>(static_cast<int>(progress.part()) + 1);
  }
  if (place.cgroup) {
    trial.cgroup_peak_bytes = place.cgroup->peak_bytes();
    trial.cgroup_kills = place.cgroup->kills();
  }
  return trial;
}

}  // namespace plimsoll::prove
