// One pixel of a scene. The same text is compiled for the GPU (CUDA C++) and for the CPU, see renderer.py.
#define OBJECT_NUMBERS 20
#define BACKGROUND_NUMBERS 24
#ifndef DEVICE
#define DEVICE
#endif

// Pictures with a pyramid of halved sizes each: level l begins at start[l], in pixels.
struct Atlas {
  const unsigned char* pixels;
  const long long* start;
  int size;
  int levels;
};

DEVICE static inline float fraction(float x) { return x - floorf(x); }
DEVICE static inline float clamped(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

DEVICE static inline float random_at(unsigned x, unsigned y, unsigned seed) {
  unsigned h = x * 374761393u + y * 668265263u + seed * 2246822519u;
  h = (h ^ (h >> 13)) * 1274126177u;
  h ^= h >> 16;
  h *= 2654435761u;
  h ^= h >> 15;
  return (float)(h & 0xffffffu) / 16777216.0f;
}

DEVICE static inline float clouds(float x, float y, unsigned seed) {
  const float left = floorf(x), top = floorf(y);
  const unsigned column = (unsigned)(int)left, row = (unsigned)(int)top;
  float u = x - left, v = y - top;
  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  const float a = random_at(column, row, seed), b = random_at(column + 1, row, seed);
  const float c = random_at(column, row + 1, seed), d = random_at(column + 1, row + 1, seed);
  return (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v;
}

// Bilinear, transparent outside; `channels` bytes a pixel.
DEVICE static inline void sample(struct Atlas atlas, int level, long long picture, int channels, float u, float v, float* sum) {
  const int n = atlas.size >> level;
  const float x = u * n - 0.5f, y = v * n - 0.5f;
  const int left = (int)floorf(x), top = (int)floorf(y);
  const float right_part = x - left, lower_part = y - top;
  const unsigned char* pixels = atlas.pixels + (atlas.start[level] + picture * n * n) * channels;
  for (int row = 0; row < 2; ++row)
    for (int column = 0; column < 2; ++column) {
      const int px = left + column, py = top + row;
      if (px < 0 || py < 0 || px >= n || py >= n) continue;
      const float weight = (column ? right_part : 1 - right_part) * (row ? lower_part : 1 - lower_part);
      const unsigned char* pixel = pixels + ((long long)py * n + px) * channels;
      for (int i = 0; i < channels; ++i) sum[i] += weight * pixel[i];
    }
}

DEVICE static inline int level_of(struct Atlas atlas, float wanted) {
  return (int)clamped(floorf(wanted - 0.3f), 0.f, (float)(atlas.levels - 1));
}

// x and y from -1 to 1, y down; the shapes in the order of world.SHAPES, then the plate under a text.
DEVICE static inline int in_shape(int kind, float x, float y) {
  const float ax = fabsf(x), ay = fabsf(y);
  switch (kind) {
    case 0: return x * x + y * y <= 1;
    case 1: return ax <= 0.9f && ay <= 0.9f;
    case 2: return y <= 0.85f && y >= -0.95f && ax <= (y + 0.95f) * 0.55f;
    case 3: return ax * 1.25f + ay <= 1;
    case 4: return ay <= 0.866f && ax * 1.732f + ay <= 1.732f;
    case 5: {  // a tenth of the star: on the inner side of the edge from a tip to the next notch
      const float notch = 0.42f, tenth = 0.62831853f;
      const float angle = fabsf(fraction(atan2f(x, -y) * 0.7957747f + 0.5f) - 0.5f) * 1.2566371f, radius = sqrtf(x * x + y * y);
      const float edge_x = notch * cosf(tenth) - 1, edge_y = notch * sinf(tenth);
      return edge_x * radius * sinf(angle) - edge_y * (radius * cosf(angle) - 1) >= 0;
    }
    case 6: {
      const float hx = x * 1.15f, hy = -y * 1.15f + 0.12f, t = hx * hx + hy * hy - 1;
      return t * t * t - hx * hx * hy * hy * hy <= 0;
    }
    case 7: return (ax <= 0.32f && ay <= 0.95f) || (ay <= 0.32f && ax <= 0.95f);
    case 8: return ax <= 1 && ay <= 1;
  }
  return 0;
}

DEVICE static inline float background_mix(const float* background, float x, float y, unsigned seed) {
  const float along = x * cosf(background[7]) + y * sinf(background[7]), frequency = background[8];
  switch ((int)background[0]) {
    case 1: return clamped(along * 0.5f + 0.25f, 0.f, 1.f);                                                       // gradient
    case 2: return fraction(along * frequency) < 0.5f ? 0.f : 1.f;                                                // stripes
    case 3: return (((int)floorf(x * frequency) + (int)floorf(y * frequency)) & 1) ? 1.f : 0.f;                   // checks
    case 4: return 0.6f * clouds(x * frequency, y * frequency, seed) +
                   0.4f * clouds(x * frequency * 2.3f, y * frequency * 2.3f, seed + 7u);                          // clouds
    case 5: {                                                                                                     // glow
      const float dx = x - background[11], dy = y - background[12];
      return clamped(sqrtf(dx * dx + dy * dy) * 1.2f, 0.f, 1.f);
    }
    case 6: return y > background[12] ? 1.f : 0.f;                                                                // horizon
  }
  return 0;
}

DEVICE static inline void lay_over(float* pixel, const float* colour, float opacity) {
  for (int i = 0; i < 3; ++i) pixel[i] = pixel[i] * (1 - opacity) + colour[i] * opacity;
}

// Drawings: premultiplied colours, four samples a pixel, then saturation and gain.
DEVICE static inline void lay_drawing(float* pixel, const float* object, float x, float y, struct Atlas drawings) {
  const int level = level_of(drawings, object[8]);
  float sum[4] = {0, 0, 0, 0};
  for (int i = 0; i < 4; ++i) {
    const float px = x + ((i & 1) ? 0.25f : -0.25f), py = y + ((i & 2) ? 0.25f : -0.25f);
    const float u = object[2] * px + object[3] * py + object[4], v = object[5] * px + object[6] * py + object[7];
    if (u < -0.01f || v < -0.01f || u > 1.01f || v > 1.01f) continue;
    sample(drawings, level, (long long)object[1], 4, u, v, sum);
  }
  const float alpha = sum[3] * (0.25f / 255.f), opacity = object[12];
  if (alpha <= 0) return;
  const float grey = sum[0] * 0.3f + sum[1] * 0.59f + sum[2] * 0.11f;
  for (int i = 0; i < 3; ++i) {
    const float value = clamped((grey + (sum[i] - grey) * object[13]) * (0.25f / 255.f) * object[9 + i], 0.f, alpha);
    pixel[i] = pixel[i] * (1 - alpha * opacity) + value * opacity;
  }
}

DEVICE static inline void lay_letter(float* pixel, const float* object, float x, float y, struct Atlas letters) {
  const int level = level_of(letters, object[8]);
  float ink = 0;
  for (int i = 0; i < 4; ++i) {
    const float px = x + ((i & 1) ? 0.25f : -0.25f), py = y + ((i & 2) ? 0.25f : -0.25f);
    const float u = object[2] * px + object[3] * py + object[4], v = object[5] * px + object[6] * py + object[7];
    if (u < 0 || v < 0 || u > 1 || v > 1) continue;
    sample(letters, level, (long long)object[1], 1, u, v, &ink);
  }
  if (ink > 0) lay_over(pixel, object + 9, clamped(ink * object[12] * (0.25f / 255.f), 0.f, 1.f));
}

DEVICE static inline void lay_shape(float* pixel, const float* object, float x, float y) {
  int inside = 0;
  for (int i = 0; i < 9; ++i) {
    const float px = x + ((i % 3) - 1) * 0.3333f, py = y + ((i / 3) - 1) * 0.3333f;
    const float u = object[2] * px + object[3] * py + object[4], v = object[5] * px + object[6] * py + object[7];
    inside += in_shape((int)object[1], 2 * u - 1, 2 * v - 1);
  }
  if (inside) lay_over(pixel, object + 9, inside * object[12] / 9.f);
}

// Writes three values from 0 to 255.
DEVICE static inline void render_pixel(int column, int row, int width, int height, int objects, const float* background,
                                       const float* object, struct Atlas drawings, struct Atlas letters, float* out) {
  const unsigned seed = (unsigned)background[10];
  const float x = column + 0.5f, y = row + 0.5f;
  const float mix = background_mix(background, x / width, y / height, seed);
  float pixel[3];
  for (int i = 0; i < 3; ++i) pixel[i] = background[1 + i] + (background[4 + i] - background[1 + i]) * mix;
  for (int number = 0; number < objects; ++number, object += OBJECT_NUMBERS) {
    if (x < object[14] || x > object[16] || y < object[15] || y > object[17]) continue;
    switch ((int)object[0]) {
      case 1: lay_drawing(pixel, object, x, y, drawings); break;
      case 2: lay_letter(pixel, object, x, y, letters); break;
      case 3: lay_shape(pixel, object, x, y); break;
    }
  }
  for (int i = 0; i < 3; ++i) {
    float value = pixel[i] * background[13] + background[14];
    if (background[9] > 0) value += background[9] * (random_at(column, row, seed + i * 17u + 1u) - 0.5f);
    out[i] = clamped(value * 255.f + 0.5f, 0.f, 255.f);
  }
}

// The class of what lies under a point of the picture; the object drawn last wins.
DEVICE static inline long long label_at(float x, float y, int objects, const float* object, const float* label) {
  long long found = 0;
  for (int number = 0; number < objects; ++number, object += OBJECT_NUMBERS, label += 5) {
    const float u = object[2] * x + object[3] * y + object[4], v = object[5] * x + object[6] * y + object[7];
    if (u > label[1] && v > label[2] && u < label[3] && v < label[4]) found = (long long)label[0];
  }
  return found;
}
