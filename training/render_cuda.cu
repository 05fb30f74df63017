// The loops over pixels and patches, for the GPU.
extern "C" __global__ void render(int width, int height, int most, const int* counts, const float* backgrounds, const float* objects,
                                  const unsigned char* drawings, const long long* drawing_start, int drawing_size, int drawing_levels,
                                  const unsigned char* letters, const long long* letter_start, int letter_size, int letter_levels,
                                  unsigned char* out) {
  const int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y, scene = blockIdx.z;
  if (column >= width || row >= height) return;
  const Atlas drawing_atlas{drawings, drawing_start, drawing_size, drawing_levels};
  const Atlas letter_atlas{letters, letter_start, letter_size, letter_levels};
  float pixel[3];
  render_pixel(column, row, width, height, counts[scene], backgrounds + (long long)scene * BACKGROUND_NUMBERS,
               objects + (long long)scene * most * OBJECT_NUMBERS, drawing_atlas, letter_atlas, pixel);
  for (int i = 0; i < 3; ++i) out[(((long long)scene * 3 + i) * height + row) * width + column] = (unsigned char)pixel[i];
}

extern "C" __global__ void label(int points, int most, const int* counts, const float* places, const float* objects, const float* labels,
                                 long long* out) {
  const int point = blockIdx.x * blockDim.x + threadIdx.x, scene = blockIdx.y;
  if (point >= points) return;
  out[(long long)scene * points + point] =
      label_at(places[2 * point], places[2 * point + 1], counts[scene], objects + (long long)scene * most * OBJECT_NUMBERS,
               labels + (long long)scene * most * 5);
}
