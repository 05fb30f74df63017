# A thin front over CMake's presets; everything that it does is one command that you could type yourself.
PRESET ?= release
BUILD := build/$(PRESET)
BIN := $(BUILD)/bin
EXAMPLE := models/plimsoll-tiny/examples/dog-car.png
QUESTION := What is in this image?

.PHONY: help setup configure program build run test bench peer format tidy clean

help:
	@echo "make run     set up, build, and ask the bundled model about a picture"
	@echo "make test    set up, build, and run all tests"
	@echo "make build   everything, tests and benchmarks included"
	@echo "make bench   the benchmarks of bench/ (builds llama.cpp's own tools to compare with)"
	@echo "make format  clang-format over our sources"
	@echo "make tidy    clang-tidy over our sources"
	@echo "make clean   remove build/"
	@echo "PRESET=release (default), dev, asan or tsan goes with all of them; binaries land in build/PRESET/bin."

setup:
	@scripts/setup.sh

$(BUILD)/build.ninja: | setup
	@echo "configuring $(PRESET)"
	@mkdir -p $(BUILD)
	@cmake --preset $(PRESET) > $(BUILD)/configure.log || { tail -n 20 $(BUILD)/configure.log; exit 1; }

configure: setup $(BUILD)/build.ninja

program: configure
	@cmake --build --preset $(PRESET) --target plimsoll_program

build: configure
	@cmake --build --preset $(PRESET)

run: program
	@echo "asking about $(EXAMPLE): $(QUESTION)"
	@$(BIN)/plimsoll run --temperature 0 --image $(EXAMPLE) "$(QUESTION)"

test: build
	@ctest --preset $(PRESET)

peer: setup
	@bench/build_peer.sh

bench: build peer
	@bench/run_all.sh $(BIN)

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 -i

tidy: configure
	@git ls-files 'src/*.cpp' 'tools/*.cpp' | xargs -n 4 -P 2 clang-tidy-19 --quiet -p $(BUILD)

clean:
	@rm -rf build
