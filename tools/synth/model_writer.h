#pragma once

#include <cstdint>
#include <filesystem>

#include "synth/model_file.h"
#include "synth/progress.h"

namespace plimsoll::synth {

// Makes every tensor and writes the file, on two threads and in a few MiB. Throws std::system_error.
void write_model(const std::filesystem::path& target, ModelFile& model, std::uint64_t seed,
                 Progress& progress);

}  // namespace plimsoll::synth
