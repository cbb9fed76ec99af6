# The first C program trains: cmake -DPROGRAM=… -DSOURCE=… -P example.cmake
file(WRITE example.textproto "
data { mnist { path: \"${SOURCE}/examples/data/mnist\" } batch_size: 16 }
model { mlp {} }
train { epochs: 1 max_steps: 4 }
")
execute_process(COMMAND ${PROGRAM} example.textproto OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR NOT out MATCHES "^epoch 1: loss [0-9.]+, held out [0-9.]+ %\n$" OR err)
  message(FATAL_ERROR "exit ${result}\n${out}${err}")
endif()
execute_process(COMMAND ${PROGRAM} no-such.textproto OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE result)
if(NOT result EQUAL 1 OR NOT err MATCHES "no-such.textproto" OR out)
  message(FATAL_ERROR "exit ${result} where no config is\n${out}${err}")
endif()
