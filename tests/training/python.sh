# Sets `python` to an interpreter that has what training needs, or ends the test as skipped, saying so.
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import torch, numpy, PIL, gi, yaml, tqdm' 2>/dev/null; then break; fi
  python=
done
if [ -z "$python" ]; then
  echo "SKIPPED: no Python with torch; install the packages of training/debian-packages.txt"
  exit 77
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1  # threads that spin for each other are slower on a busy machine
