# The C programs train: cmake -DBIN=… -DSOURCE=… -P examples.cmake
set(records ${SOURCE}/examples/data/cifar10/data_batch_1.bin)
function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE result)
  set(out "${out}" PARENT_SCOPE)
  set(err "${err}" PARENT_SCOPE)
  set(result "${result}" PARENT_SCOPE)
endfunction()
function(expect status pattern)
  if(NOT result EQUAL ${status} OR NOT "${out}${err}" MATCHES "${pattern}")
    message(FATAL_ERROR "exit ${result} in place of ${status}, or no ${pattern}\n${out}${err}")
  endif()
endfunction()

# As short as the documentation promises.
foreach(example IN ITEMS train:40 own_memory:80 fine_tune:60)
  string(REPLACE ":" ";" example ${example})
  list(GET example 0 name)
  list(GET example 1 most)
  file(READ ${SOURCE}/examples/c/${name}.c text)
  string(REGEX MATCHALL "\n" lines "${text}")
  list(LENGTH lines count)
  if(NOT count LESS most)
    message(FATAL_ERROR "${name}.c has ${count} lines; fewer than ${most} are promised")
  endif()
endforeach()

file(WRITE train.textproto "
data { mnist { path: \"${SOURCE}/examples/data/mnist\" } batch_size: 16 }
model { mlp {} }
train { epochs: 1 max_steps: 4 }
")
run(${BIN}/train_c train.textproto)
expect(0 "^epoch 1: loss [0-9.]+, held out [0-9.]+ %\n$")
run(${BIN}/train_c no-such.textproto)
expect(1 "no-such.textproto")

# 200 pictures of their own.
execute_process(COMMAND head -c 614600 ${records} OUTPUT_FILE own.bin)
run(${BIN}/own_memory own.bin)
expect(0 "epoch 5, step 3 of 3, loss [0-9.]+ +held out [0-9.]+ %\n$")
run(${BIN}/own_memory no-such.bin)
expect(2 "usage")

# Weights of the form that torchvision's resnet18 has.
file(WRITE pretrained.textproto "
data { cifar10 { path: \"${SOURCE}/examples/data/cifar10\" } batch_size: 2 }
model { resnet { depth: 18 stem: IMAGENET classes: 1000 } }
optimizer { learning_rate: 1e-6 }
train { epochs: 1 max_steps: 1 measure_alignment: false }
")
file(REMOVE_RECURSE pretrained)
run(${BIN}/signsym train pretrained.textproto --quiet --out pretrained)
expect(0 "")
run(${BIN}/fine_tune pretrained/model.safetensors ${records})
expect(0 "step 4: loss [0-9.]+\npicture 0 is of class [0-4] with probability [0-9.]+\n$")
run(${BIN}/fine_tune no-such.safetensors ${records})
expect(1 "no-such.safetensors")
