// How a picture is cut for a model that sees tiles, and what stands around them in the prompt. Pure
// functions.
#pragma once

#include <string>
#include <vector>

namespace plimsoll::engine {

struct TileLayout {
  int columns = 1;
  int rows = 1;

  bool is_grid() const { return columns > 1 || rows > 1; }
  /// Those of the grid and the overview, which is all there is where there is no grid.
  int tiles() const { return is_grid() ? columns * rows + 1 : 1; }
};

/// The picture is scaled, up too, so that its longest side is `image_size` or `longest_edge`, whichever is
/// less, and then stretched to whole tiles: the rule of the model's own processor. Sizes in pixels.
TileLayout tile_layout(int width, int height, int image_size, int longest_edge, int tile);

/// Text with special tokens, and places for tiles between: one more text than tiles. As Idefics3's processor
/// in transformers lays pictures out (SmolVLM's too): the grid row by row, then the overview.
/// `before_lone_overview`: what a model without a grid was trained to see first; nothing for SmolVLM.
std::vector<std::string> texts_around_tiles(const TileLayout& layout,
                                            const std::string& before_lone_overview = {});

}  // namespace plimsoll::engine
