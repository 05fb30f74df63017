#include "synth/model_writer.h"

#include <algorithm>
#include <future>

#include "synth/gguf_stream.h"
#include "synth/random_rows.h"

namespace plimsoll::synth {
namespace {

// Elements that a thread makes at a time: 2 MiB as F32.
constexpr std::int64_t kChunkElements = std::int64_t{1} << 19;

void write_tensor(GgufStream& stream, const TensorSpec& tensor, std::uint64_t seed, Progress& progress) {
  const std::int64_t chunk = std::max<std::int64_t>(1, kChunkElements / tensor.columns());
  const auto rows_from = [&](std::int64_t first) {
    const std::int64_t left = tensor.rows() - first;
    return left > 0 ? make_rows(tensor, seed, first, std::min(chunk, left)) : std::vector<std::byte>();
  };
  for (std::int64_t first = 0; first < tensor.rows(); first += 2 * chunk) {
    auto second_half = std::async(std::launch::async, rows_from, first + chunk);
    for (const auto& bytes : {rows_from(first), second_half.get()}) {
      stream.append(bytes);
      progress.advance(bytes.size());
    }
  }
  stream.end_tensor();
}

}  // namespace

void write_model(const std::filesystem::path& target, ModelFile& model, std::uint64_t seed,
                 Progress& progress) {
  GgufStream stream(target, model);
  for (const TensorSpec& tensor : model.tensors) write_tensor(stream, tensor, seed, progress);
  stream.commit();
}

}  // namespace plimsoll::synth
