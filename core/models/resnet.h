// Residual networks (He et al. 2016) with torchvision's names and shapes.
#pragma once

#include "models/graph.h"

namespace signsym {

enum class Stem { imagenet, cifar };

// depth 18, 34, 50, 101, 152; width: channels of the first stage (64). imagenet: 7×7 stride 2 and max-pool; cifar:
// 3×3 stride 1. torchvision's ResNet v1.5 (the stride of a bottleneck is its 3×3 convolution's).
Graph resnet(int depth, Stem stem, int64_t channels, int64_t classes, int64_t width = 64);

// Section 4.2 of the paper: depth 6n + 2, three stages of n blocks of width, 2·width, 4·width channels; where the
// shape changes, a 1×1 convolution (the paper's option B).
Graph resnet_cifar(int depth, int64_t channels, int64_t classes, int64_t width = 16);

}  // namespace signsym
