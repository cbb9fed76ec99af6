package org.signsym;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;
import org.signsym.v1.Rule;

/**
 * A network with its learning rules: made by a config, loaded from a run, or a trainer's. Any number of threads may
 * predict at once, also while a trainer trains the model: each answer is then of the weights between two steps. It may
 * be closed at any time: trainers that use it keep it. One that is forgotten goes when the collector finds it; close it
 * where memory counts.
 *
 * <pre>{@code
 * try (Model model = Model.load(Path.of("runs/ss"))) {
 *   float[] probabilities = model.predict(pictures, Layout.NHWC, Model.Output.PROBABILITIES).toFloatArray();
 * }
 * }</pre>
 */
public final class Model implements AutoCloseable {
  /** What {@link Model#predict(Tensor, Layout, Output)} gives. */
  public enum Output {
    /** The network's own. */
    LOGITS,
    /** Their softmax. */
    PROBABILITIES
  }

  /**
   * A layer with a feedback rule.
   *
   * @param name torchvision's: {@code layer1.0.conv1}
   * @param rule which feedback weight B its backward pass uses
   */
  public record Layer(String name, Rule rule) {}

  /**
   * How a layer's feedback weight B and its weight W agree.
   *
   * @param angle between them as vectors, in degrees
   * @param normRatio ‖B‖/‖W‖
   */
  public record Alignment(double angle, double normRatio) {}

  final Handle handle;

  /**
   * A name lives in the native model: nobody may free that, or replace its head, while names are copied. The objects of
   * one native model have the lock in common; those of others do not wait where it waits for the model's turn.
   */
  final Object names;

  Model(long model, Object names) {
    this.handle = new Handle("model", model, Raw::signsym_model_free);
    this.names = names;
  }

  /**
   * The model of a config, with its initial weights (or those of model.weights). With data { host {} }, model.input says
   * the shape of a sample.
   *
   * @param config with a model
   * @return the model
   * @throws SignSymException INVALID_CONFIG, NOT_FOUND, IO, BAD_DATA, MISMATCH, UNSUPPORTED
   */
  public static Model create(Config config) {
    return new Model(config.call(Raw::signsym_model_create), new Object());
  }

  /**
   * A trained model. Its config is in it, and no data set is opened.
   *
   * @param path of a run folder (its newest whole checkpoint is taken) or of a checkpoint
   * @return the model
   * @throws SignSymException NOT_FOUND, IO, BAD_DATA, UNSUPPORTED (a newer format), INVALID_ARGUMENT as
   *     {@link Config#file(Path)}
   */
  public static Model load(Path path) {
    Natives.load();
    return new Model(Raw.signsym_model_load(FileName.of(path)), new Object());
  }

  /**
   * Loads a model.safetensors, or the model part of a checkpoint.
   *
   * @param file with the weights
   * @throws SignSymException MISMATCH where names or shapes are not the model's, BAD_DATA, NOT_FOUND, IO,
   *     INVALID_ARGUMENT as {@link Config#file(Path)}
   */
  public void loadWeights(Path file) {
    handle.use(token -> Raw.signsym_model_load_weights(token, FileName.of(file)));
  }

  /**
   * Parameters and buffers, as torchvision's model of the name loads them.
   *
   * @param file is replaced, whole or not at all
   * @throws SignSymException IO, NOT_FOUND (its folder), INVALID_ARGUMENT as {@link Config#file(Path)}
   */
  public void saveWeights(Path file) {
    handle.use(token -> Raw.signsym_model_save_weights(token, FileName.of(file)));
  }

  /**
   * The config as resolved.
   *
   * @return the config
   */
  public Config config() {
    return handle.with(token -> Config.take(Raw.signsym_model_config(token)));
  }

  /**
   * Logits for samples of the layout NCHW.
   *
   * @param samples as {@link #predict(Tensor, Layout, Output)} takes them
   * @return (N, classes) of F32
   */
  public Tensor predict(Tensor samples) {
    return predict(samples, Layout.NCHW, Output.LOGITS);
  }

  /**
   * Runs the network. Samples go through the evaluation transforms of the config, so they are given as the data set
   * holds them.
   *
   * @param samples (N, …), N ≥ 1, see {@link Tensor}
   * @param layout of the samples
   * @param output what is wanted
   * @return (N, classes) of F32
   * @throws SignSymException INVALID_ARGUMENT where the shape is not the model's
   */
  public Tensor predict(Tensor samples, Layout layout, Output output) {
    return predict(samples, layout, output == Output.PROBABILITIES ? Raw.SIGNSYM_PROBABILITIES : 0);
  }

  /**
   * Runs the network on what is transformed already.
   *
   * @param samples (N, …) of F32, N ≥ 1
   * @param layout of the samples
   * @param output what is wanted
   * @return (N, classes) of F32
   * @throws SignSymException INVALID_ARGUMENT where shape or type are not the model's
   */
  public Tensor predictTransformed(Tensor samples, Layout layout, Output output) {
    return predict(samples, layout,
        Raw.SIGNSYM_AS_IS + (output == Output.PROBABILITIES ? Raw.SIGNSYM_PROBABILITIES : 0));
  }

  private Tensor predict(Tensor samples, Layout layout, int flags) {
    return handle.with(token -> samples.lend(
        lent -> Tensor.take(Raw.signsym_model_predict(token, lent, layout.code(), flags))));
  }

  private List<String> list(boolean parametersOnly) {
    synchronized (names) {
      return handle.with(token -> {
        List<String> list = new ArrayList<>();
        for (long i = 0; i < Raw.signsym_model_tensor_count(token); i++) {
          if (!parametersOnly || Raw.signsym_model_tensor_is_parameter(token, i) != 0) {
            list.add(Raw.signsym_model_tensor_name(token, i));
          }
        }
        return list;
      });
    }
  }

  /**
   * Names of parameters and buffers, in torchvision's order.
   *
   * @return as conv1.weight, bn1.running_mean
   */
  public List<String> tensors() {
    return list(false);
  }

  /**
   * Names of the parameters, in torchvision's order.
   *
   * @return as conv1.weight
   */
  public List<String> parameters() {
    return list(true);
  }

  /**
   * A parameter or buffer without a copy: a trainer's steps show in it. It may outlive the model.
   *
   * @param name one of {@link #tensors()}
   * @return read-only, in NCHW order by its strides
   * @throws SignSymException NOT_FOUND; UNSUPPORTED where a buffer of Java cannot hold it, from 2 GB
   */
  public Tensor tensor(String name) {
    return handle.with(token -> Tensor.show(Raw.signsym_model_tensor(token, name)));
  }

  /**
   * Sets a parameter or buffer.
   *
   * @param name one of {@link #tensors()}
   * @param values of the same shape; any type of floating point, integers for a buffer of integers
   * @throws SignSymException NOT_FOUND, INVALID_ARGUMENT
   */
  public void setTensor(String name, Tensor values) {
    handle.use(token -> values.lend(lent -> Raw.signsym_model_set_tensor(token, name, lent)));
  }

  /**
   * Replaces the last linear layer by a new one, with initial weights drawn by the config's seed; its rule stays.
   *
   * @param classes outputs of the new one, from 2 to 1048576
   * @throws SignSymException INVALID_ARGUMENT out of that range, or where the network does not end in a linear layer;
   *     BUSY where a trainer has the model
   */
  public void replaceHead(long classes) {
    synchronized (names) {
      handle.use(token -> Raw.signsym_model_replace_head(token, classes));
    }
  }

  /**
   * Parameters that do not learn.
   *
   * @param pattern of names, * for any characters, ? for one: {@code layer1.*}
   * @throws SignSymException NOT_FOUND, with the names, where none matches; BUSY where a trainer has the model
   */
  public void freeze(String pattern) {
    handle.use(token -> Raw.signsym_model_freeze(token, pattern, 1));
  }

  /**
   * Parameters that learn again.
   *
   * @param pattern as for {@link #freeze(String)}
   * @throws SignSymException as {@link #freeze(String)}
   */
  public void unfreeze(String pattern) {
    handle.use(token -> Raw.signsym_model_freeze(token, pattern, 0));
  }

  /**
   * Layers with a feedback rule, from input to output.
   *
   * @return their names and rules
   */
  public List<Layer> layers() {
    synchronized (names) {
      return handle.with(token -> {
        List<Layer> layers = new ArrayList<>();
        for (long i = 0; i < Raw.signsym_model_layer_count(token); i++) {
          layers.add(new Layer(Raw.signsym_model_layer_name(token, i),
              Rule.valueOf(Raw.signsym_model_layer_rule(token, i))));
        }
        return layers;
      });
    }
  }

  /**
   * How feedback weight and weight of a layer agree now.
   *
   * @param layer its name
   * @return angle and ratio of norms
   * @throws SignSymException NOT_FOUND
   */
  public Alignment alignment(String layer) {
    double[] angle = new double[1];
    double[] ratio = new double[1];
    handle.use(token -> Raw.signsym_model_alignment(token, layer, angle, ratio));
    return new Alignment(angle[0], ratio[0]);
  }

  /**
   * The feedback weight B of a layer for its weights as they are now.
   *
   * @param layer its name
   * @return a copy in the weight's shape, F32
   * @throws SignSymException NOT_FOUND
   */
  public Tensor feedbackWeight(String layer) {
    return handle.with(token -> Tensor.take(Raw.signsym_model_feedback_weight(token, layer)));
  }

  /** Trainers that use it keep it. A second time it does nothing. */
  @Override
  public void close() {
    synchronized (names) {
      handle.close();
    }
  }
}
