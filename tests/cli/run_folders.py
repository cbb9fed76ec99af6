"""Made-up run folders (docs/run-folder.md) as input for the tests of `signsym report`: no run has such numbers."""

import json
import math
import pathlib

RESNET8 = ['conv1'] + [f'layer{i}.0.{part}' for i in (1, 2, 3) for part in ('conv1', 'conv2')] + ['fc']
LENET = ['conv1', 'conv2', 'fc1', 'fc2', 'fc3']
ANGLES = {'BACKPROP': (0, 0), 'SIGN_SYMMETRY': (37.07, 44), 'FEEDBACK_ALIGNMENT': (90, 74)}
MACHINE = {'processor': 'Made-up processor', 'cores': 2, 'threads': 2, 'memory_bytes': 8 << 30, 'system': 'Made-up Linux'}

CONFIG = '''# proto-message: signsym.v1.Experiment
name: {name}
seed: {seed}
data {{
  {data} {{
    path: "anywhere"
  }}
  batch_size: 64
}}
feedback {{
  rule: {rule}{layer}
}}
optimizer {{
  learning_rate: 0.1
}}
train {{
  epochs: {epochs}
}}
output {{
  folder: "{folder}"
}}
'''


def text_literal(text):
    """A Protobuf string literal."""
    return '"' + ''.join(f'\\{byte:03o}' if byte < 32 or byte in b'"\\' else chr(byte) if byte < 127 else f'\\{byte:03o}'
                         for byte in text.encode()) + '"'


class RunFolder:
    """A run in the making: change `lines` and `config` as the test needs it, then write()."""

    def __init__(self, folder, rule='SIGN_SYMMETRY', last_rule=None, name='run', seed=1, accuracy=55.0, data='cifar10',
                 model='resnet8', layers=RESNET8, samples=2000, epochs=10, step_seconds=0.3, steps=79, end='finished'):
        self.folder = pathlib.Path(folder)
        last_rule = last_rule or rule
        layer = f'\n  layer {{\n    name: "{layers[-1]}"\n    rule: {last_rule}\n  }}' if last_rule != rule else ''
        self.config = CONFIG.format(name=text_literal(name), seed=seed, rule=rule, layer=layer, epochs=epochs, data=data,
                                    folder=self.folder.name)
        rules = [rule] * (len(layers) - 1) + [last_rule]
        self.start = {
            'event': 'start', 'step': 0, 'seconds': 0, 'format': 1, 'name': name, 'seed': seed, 'config_hash': '0',
            'model': {'name': model, 'parameters': 77850},
            'layers': [{'name': n, 'kind': 'linear' if n.startswith('fc') else 'conv2d', 'shape': [1], 'rule': r}
                       for n, r in zip(layers, rules)],
            'data': {'name': data, 'train': 5000, 'held_out': samples, 'held_out_kind': 'test', 'classes': 10},
            'epochs': epochs, 'steps_per_epoch': steps, 'batch_size': 64, 'device': 'CPU', 'precision': 'FP32',
            'memory_format': 'CHANNELS_LAST', 'machine': dict(MACHINE),
            'versions': {'signsym': '0.1.0', 'libtorch': '2.0.0', 'protobuf': '3.21.12'}}
        self.lines = [self.start]
        noise = lambda i: math.sin(12.9898 * (i + seed) + accuracy) * 43758.5453 % 1 - 0.5
        seconds = 0.5
        for epoch in range(epochs + 1):
            share = 1 - math.exp(-3.2 * epoch / epochs)
            if epoch:
                for tenth in range(1, 11):
                    done = epoch - 1 + tenth / 10
                    seconds += step_seconds * steps / 10
                    loss = 2.3 - (accuracy / 55) * 1.15 * (1 - math.exp(-3.2 * done / epochs)) + 0.12 * noise(10 * done)
                    self.lines.append({'event': 'progress', 'step': round(done * steps), 'seconds': seconds, 'epoch': epoch,
                                       'epochs_done': done, 'loss': loss, 'learning_rate': 0.1})
                seconds += 0.8
            top1 = 10 + (accuracy - 10) * share / (1 - math.exp(-3.2)) + (2 * noise(epoch + 0.5) if 0 < epoch < epochs else 0)
            top1 = round(top1 / 100 * samples) / samples * 100
            alignment = []
            for i, (layer_name, layer_rule) in enumerate(zip(layers, rules)):
                first, last = ANGLES.get(layer_rule, (55, 50))
                angle = first + (last - first) * share * (0.3 + 0.7 * i / len(layers))
                alignment.append({'layer': layer_name, 'angle': angle, 'norm_ratio': 1.0})
            self.lines.append({'event': 'evaluation', 'step': epoch * steps, 'seconds': seconds, 'epoch': epoch, 'loss': 2.3,
                               'top1': top1, 'top5': 90.0, 'samples': samples, 'alignment': alignment})
            if epoch:
                self.lines.append({'event': 'epoch', 'step': epoch * steps, 'seconds': seconds, 'epoch': epoch,
                                   'loss': 2.3 - (accuracy / 55) * 1.15 * share, 'train_top1': top1, 'top1': top1,
                                   'learning_rate': 0.1, 'samples_per_second': 200, 'step_seconds': step_seconds,
                                   'data_wait_seconds': 0.01})
        if end:
            self.lines.append({'event': 'end', 'step': epochs * steps, 'seconds': seconds, 'status': end, 'text': ''})

    def write(self, torn=''):
        self.folder.mkdir(parents=True)
        (self.folder / 'config.textproto').write_text(self.config)
        (self.folder / 'metrics.jsonl').write_text(''.join(json.dumps(line) + '\n' for line in self.lines) + torn)
        return self.folder


def write_demo(root):
    """Two data sets, as in script/demo."""
    root = pathlib.Path(root)
    cifar = [('backprop', 'BACKPROP', None, 58.9, 0.300), ('sign-symmetry', 'SIGN_SYMMETRY', None, 55.2, 0.306),
             ('sign-symmetry-last-backprop', 'SIGN_SYMMETRY', 'BACKPROP', 56.1, 0.303),
             ('feedback-alignment', 'FEEDBACK_ALIGNMENT', None, 38.4, 0.301)]
    folders = [RunFolder(root / f'cifar10-{name}', rule, last, f'cifar10-{name}', accuracy=accuracy, step_seconds=step).write()
               for name, rule, last, accuracy, step in cifar]
    for rule, accuracy, step in (('BACKPROP', 98.2, 0.010), ('SIGN_SYMMETRY', 97.9, 0.0102)):
        name = 'mnist-' + rule.lower().replace('_', '-')
        folders.append(RunFolder(root / name, rule, name=name, accuracy=accuracy, data='mnist', model='lenet', layers=LENET,
                                 samples=10000, epochs=1, step_seconds=step, steps=469).write())
    return folders
