"""All paths of a space at once: which shapes can reach which layer, and whether paths that share weights agree."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rlnas.errors import UserError
from rlnas.spaces.choice import Architecture, Choice, Option, resolve, widest
from rlnas.spaces.containers import Container, Repeat, Residual, Switch
from rlnas.spaces.layers import Layer, Reads, Shape, ShapeError, Values

MAX_SHAPES = 10_000
Position = tuple[int | str, ...]
"""The place of a layer: its number in the space; inside a container, the time or alternative and the number there."""


@dataclass(frozen=True)
class State:
    """What paths that came to the same point have in common.

    Attributes:
        shape: the shape there.
        positions: how many neighbouring features of a vector belong to one channel.
        before: the shapes that are to be met again later, the latest last.
        options: the options of the choices that come up again, sorted by name.
    """

    shape: Shape
    positions: int = 1
    before: tuple[Shape, ...] = ()
    options: tuple[tuple[str, Option], ...] = ()


States = dict[State, Values]
"""Every state that can occur at a point, each with the options of one path to it."""


class Tracer:
    """Follows every shape that can occur through the layers of a space, without following every architecture.

    Attributes:
        reached: a shape that reaches each place, that with the most channels or features.
        narrows: whether a path may lack inputs that others bring to the same weights.
    """

    def __init__(self, space: str, layers: Sequence[Layer], choices: Sequence[Choice]):
        self.space, self.layers, self.choices = space, layers, choices
        self.reached: dict[Position, Shape] = {}
        self.narrows = False
        self._uses: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._held: set[str] = set()
        self._number = 0
        for number, layer in enumerate(layers, 1):
            self._count([layer], 1)
            self._last |= {choice.name: number for choice in layer.choices}

    def _count(self, layers: Iterable[Layer], times: int) -> None:
        """Counts how often a path may ask for each choice: an option that is asked for again must be remembered."""
        for layer in layers:
            names = [choice.name for choice in layer.shape_choices]
            if isinstance(layer, Container):
                self._uses.update(names * 2)  # when its layers begin and when they end
                self._held.update(names)
                self._count(layer.inner, times * (2 if isinstance(layer, Repeat) else 1))
            else:
                self._uses.update(names * times)

    def run(self, input_shape: Shape) -> Shape:
        """The one shape that leaves the layers.

        Raises:
            ShapeError: if an architecture cannot be built, or paths that share weights bring different shapes.
            UserError: if there are too many shapes to follow.
        """
        states: States = {State(input_shape): {}}
        for number, layer in enumerate(self.layers):
            self._number = number + 1
            going, states = self._layer(layer, states, (number,)), {}
            for state, path in going.items():
                kept = tuple(item for item in state.options if self._last[item[0]] > self._number)
                states.setdefault(replace(state, options=kept), path)
        output = _widest(states)
        if len(output) != 1:
            raise ShapeError(f"space {self.space!r} ends in a map of shape {output}: end it with flatten or linear.")
        self._agree(states, "the heads", "positions")
        return output

    def _sequence(self, layers: Iterable[Layer], states: States, position: Position) -> States:
        """What can leave a list of layers."""
        self.reached.setdefault(position, _widest(states))
        for number, layer in enumerate(layers):
            states = self._layer(layer, states, (*position, number))
        return states

    def _keeping(self, layer: Repeat | Residual, states: States, position: Position) -> States:
        """What can leave the layers inside a layer, where they must keep the shape."""
        inside = {replace(state, before=(*state.before, state.shape)): path for state, path in states.items()}
        found: States = {}
        must = f"{layer.type} must keep the shape" + " after the first time" * isinstance(layer, Repeat)
        for state, path in self._sequence(layer.layers, inside, position).items():
            if state.before[-1] != state.shape:
                raise self._impossible(path, f"{must}, but makes {state.shape} of {state.before[-1]}.")
            found.setdefault(replace(state, before=state.before[:-1]), path)
        return found

    def _repeat(self, layer: Repeat, states: States, position: Position) -> States:
        going = self._choose(states, layer.times) if isinstance(layer.times, Choice) else states
        done: States = {}
        for time in range(widest(layer.times)):
            place = (*position, time)
            going = self._keeping(layer, going, place) if time else self._sequence(layer.layers, going, place)
            leaving = {state: path for state, path in going.items() if resolve(layer.times, path) == time + 1}
            going = {state: path for state, path in going.items() if state not in leaving}
            done |= leaving
        return done

    def _switch(self, layer: Switch, states: States, position: Position) -> States:
        chosen = self._choose(states, *layer.shape_choices)
        done: States = {}
        for name, layers in layer.alternatives.items():
            own = {state: path for state, path in chosen.items() if path[layer.choice] == name}
            if own:
                done |= self._sequence(layers, own, (*position, name))
        return done

    def _layer(self, layer: Layer, states: States, position: Position) -> States:
        """What can leave a layer."""
        self.reached.setdefault(position, _widest(states))
        if isinstance(layer, Repeat):
            return self._repeat(layer, states, position)
        if isinstance(layer, Residual):
            return self._keeping(layer, states, position)
        if isinstance(layer, Switch):
            return self._switch(layer, states, position)
        nested = f" in {self.layers[self._number - 1].type}" if len(position) > 1 else ""
        self._agree(states, f"layer {self._number} ({layer.type}{nested})", layer.weights_read)
        if layer.sets_width:
            # What comes in different widths goes on as one, lest two choices of many widths make too many shapes.
            width = _widest(states)[0]
            states = {replace(state, shape=(width, *state.shape[1:])): path for state, path in states.items()}
            states = self._forget(states)
        for choice in layer.shape_choices:
            states = self._choose(states, choice)
        found: States = {}
        other = {choice.name: choice.options[0] for choice in layer.choices}
        for state, known in states.items():
            path = {**other, **known}  # messages name an option of every choice so far
            try:
                output = layer.output_shape(state.shape, path)
            except ShapeError as error:
                raise self._impossible(path, error) from None
            kept = tuple(item for item in state.options if self._uses[item[0]] > 1)
            positions = layer.positions(state.shape, state.positions)
            found.setdefault(replace(state, shape=output, positions=positions, options=kept), path)
        self.narrows = self.narrows or layer.pads({state.shape for state in states})
        return found

    def _forget(self, states: States) -> States:
        """The same states, without the options of a choice where all of them come with one and the same shape."""
        for choice in self.choices:
            if choice.name in self._held or not any(choice.name in dict(state.options) for state in states):
                continue
            groups: dict[State, States] = {}
            for state, path in states.items():
                kept = tuple(item for item in state.options if item[0] != choice.name)
                groups.setdefault(replace(state, options=kept), {})[state] = path
            found: States = {}
            for rest, own in groups.items():
                found |= {rest: next(iter(own.values()))} if len(own) == len(choice) else own
            states = found
        return states

    def _choose(self, states: States, choice: Choice) -> States:
        """The states with every option of a choice, or with the one that they have already."""
        found: States = {}
        for state, path in states.items():
            known = dict(state.options)
            for option in [known[choice.name]] if choice.name in known else choice.options:
                options = tuple(sorted({**known, choice.name: option}.items()))
                found[replace(state, options=options)] = {**path, choice.name: option}
        if len(found) > MAX_SHAPES:
            many = f"more than {MAX_SHAPES:,} shapes, or combinations of options that shapes depend on"
            use = "use fewer choices there, or a resize layer before it"
            raise UserError(f"space {self.space!r}: layer {self._number} can meet {many}: {use}.")
        return found

    def _agree(self, states: States, reader: str, reads: Reads) -> None:
        """Raises unless all paths bring what a reader's shared weights depend on."""
        if reads == "nothing" or len({state.shape for state in states}) == 1:
            return
        found: dict[object, tuple[Shape, Values]] = {}
        for state, path in states.items():
            found.setdefault(_read(state, reads), (state.shape, path))
        if len(found) > 1:
            (a, x), (b, y) = list(found.values())[:2]
            place = "before flatten, or one with channels here" if len(a) == len(b) == 1 else "here"
            place = "with channels here" if reads == "shape" else place
            raise ShapeError(
                f"space {self.space!r}: different shapes reach {reader} ({self._id(x)}: {a}, {self._id(y)}: {b}), "
                f"whose weights the paths share: put a resize layer {place}."
            )
        self.narrows = self.narrows or len({state.shape[0] for state in states}) > 1

    def _impossible(self, path: Values, why: object) -> ShapeError:
        what = f"architecture {self._id(path)} is impossible"
        return ShapeError(f"space {self.space!r}: {what}: layer {self._number}: {why}")

    def _id(self, path: Values) -> str:
        return Architecture(tuple((c.name, path[c.name]) for c in self.choices if c.name in path)).id


def _widest(states: States) -> Shape:
    """The shape with the most channels or features."""
    return max((state.shape for state in states), key=lambda shape: shape[0])


def _read(state: State, reads: Reads) -> object:
    """What must be the same for all paths that share the weights of a layer."""
    if reads == "shape":
        return state.shape
    if len(state.shape) == 1:
        # Those of a module of the user's own have nothing in common with shorter or longer ones.
        return state.positions or state.shape
    return state.shape[1:] if reads == "positions" else "map"
