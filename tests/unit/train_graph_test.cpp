// Graphs from a config: what is refused, what follows from the sample and the data set, and runs.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "models/shape.h"
#include "train/checkpoint.h"
#include "train/factory.h"
#include "train/network.h"
#include "train_runs.h"

namespace signsym {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

template <typename Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {Status::ok, ""};
}

// A model of pictures of 3 × 8 × 6 for the application's data.
v1::Model model_of(const std::string& nodes) {
  const Config config = Config::parse("data { host {} } model { input { channels: 3 height: 8 width: 6 } graph { " + nodes +
                                      " } }", Format::text, "graph");
  v1::Model model = config.resolved().experiment().model();
  complete(model, nullptr);
  return model;
}

Graph graph_of(const std::string& nodes) { return make_graph(model_of(nodes)); }

const std::string conv = "nodes { name: \"conv\" convolution { out: 4 padding: 1 } } ";
const std::string flat = "nodes { name: \"flat\" flatten {} } ";
const std::string fc = "nodes { name: \"fc\" linear { out: 5 } } ";
const std::string head = flat + fc;

TEST(Graph_config, Infers_channels_sizes_and_classes_from_the_sample) {
  const Graph graph = graph_of(
      conv + "nodes { name: \"bn\" batch_norm {} } nodes { name: \"dw\" depthwise { multiplier: 3 stride: [2, 1] } }"
      "nodes { name: \"gn\" group_norm { groups: 6 } } nodes { name: \"ln\" layer_norm {} }"
      "nodes { name: \"pool\" max_pool { kernel: [3, 2] } }" + head);
  ASSERT_EQ(graph.nodes.size(), 8u);
  EXPECT_EQ(std::get<Conv2dOptions>(graph.nodes[0].operation).in, 3);
  EXPECT_EQ(std::get<BatchNorm>(graph.nodes[1].operation).channels, 4);
  const auto dw = std::get<Conv2dOptions>(graph.nodes[2].operation);
  EXPECT_THAT((std::vector<int64_t>{dw.in, dw.out, dw.groups}), ElementsAre(4, 12, 4));
  EXPECT_THAT(dw.stride, ElementsAre(2, 1));
  EXPECT_THAT(dw.kernel, ElementsAre(3, 3));
  EXPECT_THAT(std::get<LayerNorm>(graph.nodes[4].operation).shape, ElementsAre(12, 3, 4));
  EXPECT_THAT(std::get<MaxPool2d>(graph.nodes[5].operation).stride, ElementsAre(3, 2));
  EXPECT_EQ(std::get<LinearOptions>(graph.nodes[7].operation).in, 12 * 1 * 2);
  EXPECT_EQ(graph.classes, 5);
}

TEST(Graph_config, Has_its_defaults_written_out_when_it_is_resolved) {
  const v1::Graph graph = model_of(conv + "nodes { name: \"pool\" average_pool { kernel: [2, 3] } } " + head).graph();
  EXPECT_THAT(graph.nodes(0).inputs(), ElementsAre("input"));
  EXPECT_THAT(graph.nodes(1).inputs(), ElementsAre("conv"));
  EXPECT_THAT(graph.nodes(0).convolution().kernel(), ElementsAre(3));
  EXPECT_THAT(graph.nodes(0).convolution().dilation(), ElementsAre(1));
  EXPECT_THAT(graph.nodes(1).average_pool().stride(), ElementsAre(2, 3));
}

TEST(Graph_config, Is_the_same_as_text_as_JSON_and_as_bytes) {
  const Config text = Config::parse("data { host {} } model { graph { " + conv + head + "} }", Format::text, "a");
  const Config json = Config::parse(R"({"data": {"host": {}}, "model": {"graph": {"nodes": [
      {"name": "conv", "convolution": {"out": 4, "padding": [1]}}, {"name": "flat", "flatten": {}},
      {"name": "fc", "inputs": ["flat"], "linear": {"out": 5}}]}}})", Format::json, "b");
  EXPECT_EQ(text.hash(), json.hash());
  EXPECT_EQ(Config::parse(text.write(Format::binary), Format::binary, "c").hash(), text.hash());
}

TEST(Graph_config, Of_the_manual_is_a_model) {
  const std::string manual = slurp(SIGNSYM_SOURCE_DIR "/docs/graph.md");
  const size_t begin = manual.find("```\n") + 4, end = manual.find("```", begin);
  ASSERT_LT(begin, end);
  Config config = Config::parse("data { host {} } " + manual.substr(begin, end - begin), Format::text, "graph.md");
  config.set("model.input", "{ channels: 3 height: 8 width: 8 }");
  config.set("model.graph.nodes[7].linear.out", "10");
  const auto network = Network::create(config, nullptr);
  EXPECT_EQ(network->model().layers().size(), 3u);
  EXPECT_EQ(network->model().layers()[0].rule.rule, Rule::sign_symmetry);
  EXPECT_EQ(network->model().layers()[2].rule.rule, Rule::backprop);
}

TEST(Graph_config, Names_tensors_after_nodes_as_torch_nn_does) {
  const Model model(graph_of("nodes { name: \"f.0.conv\" convolution { out: 4 bias: false } }"
                             "nodes { name: \"f.0.bn\" batch_norm {} } nodes { name: \"f.0.gn\" group_norm { groups: 2 } }" +
                             head), {});
  std::vector<std::string> names;
  for (const NamedTensor& named : model.state()) names.push_back(named.name);
  EXPECT_THAT(names, ElementsAre("f.0.conv.weight", "f.0.bn.weight", "f.0.bn.bias", "f.0.bn.running_mean",
                                 "f.0.bn.running_var", "f.0.bn.num_batches_tracked", "f.0.gn.weight", "f.0.gn.bias",
                                 "fc.weight", "fc.bias"));
}

TEST(Graph_config, That_does_not_go_together_is_refused_with_the_field_at_fault) {
  const auto node = [](const std::string& name, const std::string& rest) {
    return "nodes { name: \"" + name + "\" " + rest + " } ";
  };
  struct Wrong {
    std::string nodes, field, words;
  };
  const std::string at = "model.graph.nodes";
  for (const Wrong& wrong : std::vector<Wrong>{
           {conv + node("bn", "inputs: \"cnv\" batch_norm {}") + head, at + "[1].inputs[0]",
            "\"cnv\" is no node before this one, and not \"input\""},
           {node("a", "inputs: \"conv\" activation: RELU") + conv + head, at + "[0].inputs[0]", "\"conv\" is no node before"},
           {conv + conv + head, at + "[1].name", "\"conv\" is the name of an earlier node too"},
           {node("input", "flatten {}") + fc, at + "[0].name", "\"input\" is the sample"},
           {node("a b", "flatten {}") + fc, at + "[0].name", "\"a b\" is no name: letters, digits"},
           {node("a..b", "flatten {}") + fc, at + "[0].name", "\"a..b\" is no name"},
           {node(".a", "flatten {}") + fc, at + "[0].name", "is no name"},
           {node("a.", "flatten {}") + fc, at + "[0].name", "is no name"},
           {node("a*", "flatten {}") + fc, at + "[0].name", "is no name"},
           {node("optimizer.momentum", "flatten {}") + fc, at + "[0].name", "begins like the optimizer's tensors"},
           {conv + node("sum", "add {}") + head, at + "[1].inputs", "1 input found; two or more are expected"},
           {conv + node("sum", "inputs: [\"conv\", \"input\"] activation: TANH") + head, at + "[1].inputs",
            "2 inputs found; one is expected"},
           {conv + node("sum", "inputs: [\"conv\", \"input\"] add {}") + head, at + "[1].inputs[1]",
            "input gives 3 × 8 × 6, but conv 4 × 8 × 6; add takes equal shapes"},
           {conv + node("pool", "max_pool {}") + node("cat", "inputs: [\"conv\", \"pool\"] concat {}") + head,
            at + "[2].inputs[1]", "pool gives 4 × 4 × 3, but conv 4 × 8 × 6; concat takes equal heights and widths"},
           {conv + flat + node("cat", "inputs: [\"conv\", \"flat\"] concat {}") + fc, at + "[2].inputs[1]",
            "flat gives 192, but conv 4 × 8 × 6"},
           {node("big", "convolution { out: 4 kernel: 9 }") + head, at + "[0].convolution.kernel",
            "9 × 9 is larger than the padded picture, which is 8 × 6"},
           {node("big", "depthwise { kernel: [1, 3] dilation: 5 padding: [0, 2] }") + head, at + "[0].depthwise.kernel",
            "1 × 3 with a dilation of 5 × 5 is larger than the padded picture, which is 8 × 10"},
           {conv + node("pool", "max_pool { kernel: [8, 7] }") + head, at + "[1].max_pool.kernel", "8 × 7 is larger"},
           {conv + node("pool", "average_pool { kernel: [4, 2] padding: [2, 2] }") + head, at + "[1].average_pool.padding",
            "2 × 2 is more than half the kernel, which is 4 × 2"},
           {node("g", "convolution { out: 4 groups: 2 }") + head, at + "[0].convolution.groups",
            "2 does not divide the 3 channels that come in"},
           {node("g", "convolution { out: 4 groups: 3 }") + head, at + "[0].convolution.groups",
            "3 does not divide the 4 channels of out"},
           {conv + node("gn", "group_norm { groups: 3 }") + head, at + "[1].group_norm.groups",
            "3 does not divide the 4 channels that come in"},
           {conv + fc, at + "[1].inputs[0]", "conv gives a picture of 4 × 8 × 6; a linear layer takes a vector: put a flatten"},
           {flat + conv + fc, at + "[1].inputs[0]", "flat gives a vector of 144; a picture of channels × height × width"},
           {flat + node("pool", "max_pool {}") + fc, at + "[1].inputs[0]", "flat gives a vector of 144"},
           {flat + node("mid", "linear {}") + fc, at + "[1].linear.out", "is missing: the last node alone"},
           {conv + node("lost", "activation: RELU") + node("flat", "inputs: \"conv\" flatten {}") + fc, at + "[1]",
            "no node reads \"lost\", and it is not the last"},
           {head + node("more", "inputs: \"flat\" dropout {}"), at + "[1]", "no node reads \"fc\""},
           {conv, at + "[0]", "conv gives 4 × 8 × 6; the last node's output is the logits: a vector"},
           {flat + node("fc", "linear { out: 1 }"), at + "[1]", "fc gives 1; the last node's output is the logits"},
           {node("gap", "global_average_pool {}") + flat, "model.graph", "has no convolution and no linear layer"},
           {flat + node("fc", "linear { out: 16777216 }") + node("fc2", "linear { out: 16777216 }"), at + "[2].linear.out",
            "a weight of 16777216 × 16777216 has more than 2^34 numbers"},
           {node("wide", "convolution { out: 1048576 kernel: 65536 padding: 65536 }") + head, at + "[0].convolution.out",
            "a weight of 1048576 × 3 × 65536 × 65536 has more than 2^34"},
           {node("wide", "convolution { out: 1048576 kernel: 1 padding: 65536 }") + head, at + "[0].convolution",
            "gives 1048576 × 131080 × 131078 values a sample, more than 2^34"}}) {
    const Error error = error_of([&] { graph_of(wrong.nodes); });
    EXPECT_EQ(error.status(), Status::invalid_config) << error.what();
    EXPECT_EQ(error.field(), wrong.field) << error.what();
    EXPECT_THAT(error.what(), StartsWith(wrong.field + ": "));
    EXPECT_THAT(error.what(), HasSubstr(wrong.words));
  }
}

TEST(Graph_config, Is_told_with_the_line_of_the_field_at_fault) {
  const Runs runs;
  Config config = Config::parse("data { cifar10 { path: \"" + runs.data().string() + "\" } }\nmodel { graph {\n" + conv +
                                "\nnodes { name: \"fc\"\n  linear { out: 10 }\n  inputs: \"nobody\" } } }", Format::text,
                                "a.textproto");
  const Error error = error_of([&] { Network::create(config, nullptr); });
  EXPECT_EQ(error.field(), "model.graph.nodes[1].inputs[0]");
  EXPECT_THAT(error.what(), StartsWith("a.textproto:6:3: model.graph.nodes[1].inputs[0]: \"nobody\" is no node"));
}

TEST(Graph_config, Of_more_weights_than_the_machine_has_memory_for_is_refused_before_they_are_made) {
  std::string nodes = flat;
  for (int i = 0; i < 20; ++i)
    for (const char* out : {"1024", "16777216"})
      nodes += "nodes { name: \"fc" + std::to_string(i) + "-" + out + "\" linear { out: " + out + " } } ";
  const Config config = Config::parse("data { host {} } model { input { channels: 3 height: 8 width: 6 } graph { " + nodes +
                                      fc + " } }", Format::text, "graph");
  const Error error = error_of([&] { Network::create(config, nullptr); });
  EXPECT_EQ(error.status(), Status::out_of_memory);
  EXPECT_THAT(error.what(), StartsWith("model graph: its 670"));
  EXPECT_THAT(error.what(), HasSubstr(" weights do not fit into the memory of this machine"));
}

TEST(Named_models, That_a_sample_does_not_fit_into_are_refused_by_the_same_pass) {
  v1::Model model;
  model.mutable_mlp()->add_hidden(16777216);
  model.mutable_mlp()->set_classes(2);
  for (const auto set : {&v1::Shape::set_channels, &v1::Shape::set_height, &v1::Shape::set_width})
    (model.mutable_input()->*set)(4096);
  const Error error = error_of([&] { make_graph(model); });
  EXPECT_EQ(error.field(), "model.mlp");
  EXPECT_THAT(error.what(), HasSubstr("for samples of 4096 × 4096 × 4096: "));
}

TEST(Runs_of_a_graph, With_batch_norm_of_vectors_want_two_samples_and_keep_their_statistics) {
  const Runs runs;
  Trainer trainer(runs.config("", {"model.graph={ " + flat + "nodes { name: \"fc\" linear { out: 10 } }"
                                   "nodes { name: \"bn\" batch_norm {} } }"}));
  const Tensor one = at::ones({1, 3, 32, 32}), label = at::zeros({1}, at::kLong);
  const Error error = error_of([&] { trainer.learner().step(one, label, 0, 0.1); });
  EXPECT_EQ(error.status(), Status::invalid_argument);
  EXPECT_THAT(error.what(), StartsWith("bn: batch norm got one value a channel"));
  for (const NamedTensor& buffer : trainer.learner().model().buffers())
    EXPECT_TRUE(at::isfinite(buffer.tensor).all().item<bool>()) << buffer.name;
}

// ---- classes

TEST(Classes, Are_those_of_the_data_set_where_the_last_layer_does_not_say) {
  const Runs runs;
  const std::string open = "model.graph={ " + flat + "nodes { name: \"fc\" linear {} } }";
  Trainer trainer(runs.config("", {open}));
  EXPECT_EQ(trainer.config().experiment().model().graph().nodes(1).linear().out(), 10);
  EXPECT_EQ(trainer.learner().model().classes(), 10);
  const Error error = error_of([&] { model_of(flat + "nodes { name: \"fc\" linear {} }"); });
  EXPECT_EQ(error.field(), "model.graph.nodes[1].linear.out");
  EXPECT_THAT(error.what(), HasSubstr("is missing: the application gives the data"));
}

TEST(Classes, Fewer_than_the_data_sets_are_refused_however_the_graph_ends) {
  const Runs runs;
  Error error = error_of([&] { Trainer(runs.config("", {"model.graph={ " + head + " }"})); });
  EXPECT_EQ(error.field(), "model.graph.nodes[1].linear.out");
  EXPECT_THAT(error.what(), HasSubstr("5 is fewer than the data set's 10"));
  const std::string convolutional = conv + "nodes { name: \"gap\" global_average_pool {} } " + flat;
  error = error_of([&] { Trainer(runs.config("", {"model.graph={ " + convolutional + " }"})); });
  EXPECT_EQ(error.field(), "model.graph.nodes[2]");
  EXPECT_THAT(error.what(), HasSubstr("gives 4 values, fewer than the data set's 10 classes"));
  EXPECT_EQ(graph_of(convolutional).classes, 4);
}

TEST(New_head, Leaves_a_layer_whose_name_begins_like_the_heads) {
  const auto network = Network::create(
      Config::parse("data { host {} } model { input { channels: 3 height: 8 width: 6 } graph { " + flat +
                    "nodes { name: \"fc.0\" linear { out: 6 } } " + fc + " } }", Format::text, "graph"), nullptr);
  const std::string name = network->model().layers()[0].name + ".weight";
  network->set_tensor(name, {6, 144}, [] { return at::ones({6, 144}); });
  network->replace_head(7);
  EXPECT_TRUE(network->tensor(name).equal(at::ones({6, 144})));
}

TEST(New_head, Of_a_graph_is_its_last_linear_layer_and_shows_in_its_config) {
  const Config config = Config::parse("data { host {} } model { input { channels: 3 height: 8 width: 6 } graph { " + conv +
                                      head + " } }", Format::text, "graph");
  const auto network = Network::create(config, nullptr);
  network->replace_head(7);
  EXPECT_EQ(network->model().classes(), 7);
  EXPECT_EQ(network->config().experiment().model().graph().nodes(2).linear().out(), 7);
  const auto headless = Network::create(
      Config::parse("data { host {} } model { input { channels: 3 height: 8 width: 6 } graph { " + conv +
                    "nodes { name: \"gap\" global_average_pool {} } " + flat + " } }", Format::text, "graph"), nullptr);
  EXPECT_EQ(error_of([&] { headless->replace_head(7); }).status(), Status::invalid_argument);
  EXPECT_EQ(headless->model().classes(), 4);
}

// ---- runs

// With dropout, batch norm and depthwise convolutions.
const std::string dropping =
    "model.graph={ nodes { name: \"stem\" convolution { out: 4 stride: 2 padding: 1 bias: false } }"
    "nodes { name: \"bn\" batch_norm {} } nodes { name: \"act\" activation: RELU6 }"
    "nodes { name: \"drop\" dropout { probability: 0.2 } } nodes { name: \"dw\" depthwise { padding: 1 } }"
    "nodes { name: \"sum\" inputs: [\"dw\", \"drop\"] add {} } nodes { name: \"gap\" average_pool { kernel: 4 } }"
    "nodes { name: \"flat\" flatten {} } nodes { name: \"drop2\" dropout {} } nodes { name: \"fc\" linear {} } }";

TEST(Runs_of_a_graph, With_dropout_go_on_bit_for_bit_when_resumed) {
  const Runs runs;
  for (const std::string rule : {"SIGN_SYMMETRY", "FEEDBACK_ALIGNMENT"}) {
    const std::vector<std::string> settings{dropping, "feedback.rule=" + rule};
    EXPECT_EQ(run_to_the_end(runs.config(rule + "-whole", settings)), RunEnd::finished);
    {
      Trainer trainer(runs.config(rule + "-parts", settings));
      run_until(trainer, 3);
    }
    Trainer::resume(runs / (rule + "-parts"), nullptr)->run({});
    expect_same_end(runs / (rule + "-parts"), runs / (rule + "-whole"), "checkpoint-10.safetensors");
  }
}

TEST(Runs_of_a_graph, Give_the_same_bytes_with_another_number_of_loader_threads_and_others_with_another_seed) {
  const Runs runs;
  run_to_the_end(runs.config("one", {dropping}));
  run_to_the_end(runs.config("again", {dropping, "data.loader_threads=3"}));
  run_to_the_end(runs.config("other", {dropping, "seed=2"}));
  EXPECT_EQ(slurp(runs / "one/model.safetensors"), slurp(runs / "again/model.safetensors"));
  EXPECT_NE(slurp(runs / "one/model.safetensors"), slurp(runs / "other/model.safetensors"));
}

TEST(Runs_of_a_graph, Are_loaded_from_their_folder_and_predict_what_they_predicted) {
  const Runs runs;
  Trainer trainer(runs.config("run", {dropping}));
  trainer.run({});
  const auto loaded = Network::load(runs / "run");
  const Tensor x = at::ones({2, 3, 32, 32});
  EXPECT_TRUE(loaded->model().forward(x, Pass::evaluation()).equal(trainer.learner().model().forward(x, Pass::evaluation())));
}

}  // namespace
}  // namespace signsym
