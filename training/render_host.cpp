// The loops over scenes, pixels and patches, for the CPU.
#include <cmath>

#include "render.inl"

extern "C" void render(int scenes, int width, int height, int most, const int* counts,
                       const float* backgrounds, const float* objects, const unsigned char* drawings,
                       const long long* drawing_start, int drawing_size, int drawing_levels,
                       const unsigned char* letters, const long long* letter_start, int letter_size,
                       int letter_levels, unsigned char* out) {
  const Atlas drawing_atlas{drawings, drawing_start, drawing_size, drawing_levels};
  const Atlas letter_atlas{letters, letter_start, letter_size, letter_levels};
  for (int scene = 0; scene < scenes; ++scene)
    for (int row = 0; row < height; ++row)
      for (int column = 0; column < width; ++column) {
        float pixel[3];
        render_pixel(column, row, width, height, counts[scene],
                     backgrounds + (long long)scene * BACKGROUND_NUMBERS,
                     objects + (long long)scene * most * OBJECT_NUMBERS, drawing_atlas, letter_atlas, pixel);
        for (int i = 0; i < 3; ++i)
          out[(((long long)scene * 3 + i) * height + row) * width + column] = (unsigned char)pixel[i];
      }
}

extern "C" void label(int scenes, int points, int most, const int* counts, const float* places,
                      const float* objects, const float* labels, long long* out) {
  for (int scene = 0; scene < scenes; ++scene)
    for (int point = 0; point < points; ++point)
      out[(long long)scene * points + point] =
          label_at(places[2 * point], places[2 * point + 1], counts[scene],
                   objects + (long long)scene * most * OBJECT_NUMBERS, labels + (long long)scene * most * 5);
}
