#include "engine/tile_layout.h"

#include <algorithm>
#include <cstdint>

namespace plimsoll::engine {

namespace {

constexpr const char* kAroundImage = "<fake_token_around_image>";
constexpr const char* kOverview = "<global-img>";

int tiles_along(std::int64_t side, int tile) {
  return static_cast<int>(std::max<std::int64_t>(1, (side + tile - 1) / tile));
}

}  // namespace

TileLayout tile_layout(int width, int height, int image_size, int longest_edge, int tile) {
  const std::int64_t longest = std::min(image_size, longest_edge), side = std::max(width, height);
  return {tiles_along(width * longest / side, tile), tiles_along(height * longest / side, tile)};
}

std::vector<std::string> texts_around_tiles(const TileLayout& layout,
                                            const std::string& before_lone_overview) {
  const std::string overview = std::string(kAroundImage) + kOverview;
  if (!layout.is_grid()) return {before_lone_overview + overview, kAroundImage};
  std::vector<std::string> texts;
  std::string before;
  for (int row = 1; row <= layout.rows; ++row) {
    for (int column = 1; column <= layout.columns; ++column) {
      texts.push_back(before + kAroundImage + "<row_" + std::to_string(row) + "_col_" +
                      std::to_string(column) + ">");
      before.clear();
    }
    before = "\n";
  }
  texts.push_back("\n\n" + overview);
  texts.emplace_back(kAroundImage);
  return texts;
}

}  // namespace plimsoll::engine
