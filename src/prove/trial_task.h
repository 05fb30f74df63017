// What the parent tells a trial's process, as one word of its command line.
#pragma once

#include <string>

#include "prove/trial.h"

namespace plimsoll::prove {

struct TrialTask {
  TrialOrder order{};
  Part first = Part::first_load;
  std::string cgroup_processes{};  // the file that lets it into its memory cgroup; empty: there is none
};

std::string task_word(const TrialTask& task);

/// Throws what nlohmann throws on anything that task_word() did not make.
TrialTask task_from_word(const std::string& word);

}  // namespace plimsoll::prove
