#pragma once

namespace plimsoll::cli {

// Has the engine's threads sleep soon when they wait for each other. libgomp spins for milliseconds: when two
// programs want the same cores, each spins while the other waits for a core, and both run many times slower.
// It reads its environment once, before main, so this starts the program again with GOMP_SPINCOUNT set,
// unless the user has set that or OMP_WAIT_POLICY. Call it before any thread runs; it returns only when there
// is nothing to do.
void limit_openmp_spinning(char** argv);

}  // namespace plimsoll::cli
