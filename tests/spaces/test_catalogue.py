import pytest
import torch

from rlnas.errors import UserError
from rlnas.nets import Encoder
from rlnas.spaces import CATALOGUE, Flatten, Space, adapt, load_space


def map_sides(space: Space, architecture) -> list[int]:
    """The sides of the square maps that leave the layers of the real modules."""
    encoder, sides = Encoder(space, architecture), []
    for block in encoder.blocks:
        block.register_forward_hook(lambda module, inputs, output: sides.append(output.shape))
    with torch.no_grad():
        encoder(torch.zeros(1, *space.input_shape))
    assert all(shape[2] == shape[3] for shape in sides if len(shape) == 4)
    return [shape[2] for shape in sides if len(shape) == 4]


def test_paper_1_keeps_its_map_sizes_whatever_the_kernels():
    space = load_space("paper-1")
    assert space.size == 25
    for architecture in space:
        assert map_sides(space, architecture) == [20, 10, 10, 11]


def test_paper_2_keeps_its_map_sizes_whatever_the_kernels():
    space = load_space("paper-2")
    assert space.size == 32
    for architecture in space:
        assert map_sides(space, architecture) == [20, 20, 20, 20, 20, 20, 11]


def test_paper_large_has_20_to_the_9_architectures_and_three_pools():
    space = load_space("paper-large")
    assert space.size == 20**9
    smallest, largest = (space.architecture(indices) for indices in ([0, 0] * 9, [3, 4] * 9))
    for architecture in (smallest, largest):
        assert map_sides(space, architecture) == [84, 84, 84, 42, 42, 42, 42, 21, 21, 21, 21, 11, 12]
    assert space.shapes(smallest)[-3:] == [(48, 12, 12), (6912,), (256,)]


def test_nature_cnn_is_the_one_that_people_know():
    space = load_space("nature-cnn")
    (architecture,) = space
    assert architecture.id == "fixed"
    assert map_sides(space, architecture) == [20, 9, 7]
    assert space.cost(architecture).parameters == 1_684_128
    assert space.shapes(architecture)[-2:] == [(3136,), (512,)]


def test_ids_of_the_papers_architectures_are_stable():
    assert [architecture.id for architecture in load_space("paper-1")][:6] == [
        "k2=1,k3=1",
        "k2=1,k3=2",
        "k2=1,k3=3",
        "k2=1,k3=4",
        "k2=1,k3=5",
        "k2=2,k3=1",
    ]
    assert load_space("paper-2").architecture([1, 1, 1, 0, 0]).id == "k2=5,k3=5,k4=5,k5=2,k6=2"
    assert load_space("paper-large").architecture([0, 1] * 9).id.startswith("c1=16,k1=2,c2=16,k2=2")


def test_paper_1_flattens_to_7744_features():
    space = load_space("paper-1")
    assert space.shapes(space.architecture("k2=4,k3=3"))[-3:] == [(64, 11, 11), (7744,), (512,)]


def test_minatar_1_keeps_its_map_sizes_whatever_the_kernels():
    space = load_space("minatar-1")
    assert space.size == 25
    for architecture in space:
        assert map_sides(space, architecture) == [5, 3]
    assert space.shapes(next(iter(space)))[-2:] == [(288,), (128,)]


def test_minatar_2_has_trade_offs():
    space = load_space("minatar-2")
    assert 100 <= space.size <= 200
    example = dict(next(iter(space)))
    strides = [map_sides(space, space.architecture({**example, "stride": stride})) for stride in (1, 2)]
    assert strides == [[10, 10, 5], [5, 5, 5]]
    costs = {kind: space.cost(space.architecture({**example, "readout": kind})) for kind in ("flatten", "mean", "max")}
    assert costs["mean"] == costs["max"]
    assert costs["flatten"].parameters > 5 * costs["mean"].parameters


def test_impala_cnn_is_the_one_that_people_know():
    space = load_space("impala-cnn")
    (architecture,) = space
    assert map_sides(space, architecture) == [84, 42, 42, 42, 42, 21, 21, 21, 21, 11, 11, 11, 11]
    # Three stages: a convolution, then two blocks of two (Espeholt et al., 2018), and 3,872 -> 256.
    blocks = 4 * 16 * (16 * 9 + 1) + 8 * 32 * (32 * 9 + 1)
    stages = 16 * (4 * 9 + 1) + 32 * (16 * 9 + 1) + 32 * (32 * 9 + 1)
    assert space.cost(architecture).parameters == blocks + stages + 256 * (32 * 11 * 11 + 1) == 1_089_232


def test_impala_modern_holds_impala_cnn_and_what_costs_less_or_more():
    space = load_space("impala-modern")
    assert space.size == 72
    (fixed,) = load_space("impala-cnn")
    like = {"width": "x1", "blocks": 2, "norm": "none", "act": "relu", "readout": "flatten"}
    own = space.cost(space.architecture(like))
    assert own == load_space("impala-cnn").cost(fixed)
    x = torch.rand(1, 4, 84, 84, generator=torch.Generator().manual_seed(0))
    searched = Encoder(space, space.architecture(like))
    known = Encoder(load_space("impala-cnn"), fixed)
    pairs = zip(searched.state_dict().values(), known.state_dict().items(), strict=True)
    known.load_state_dict({name: tensor for tensor, (name, _) in pairs})
    with torch.no_grad():
        torch.testing.assert_close(searched(x), known(x))
    for change, sign in [({"width": "x2"}, 1), ({"blocks": 1}, -1), ({"readout": "mean"}, -1), ({"norm": "layer"}, 1)]:
        cost = space.cost(space.architecture({**like, **change}))
        assert (cost.parameters - own.parameters) * sign > 0


def test_minatar_cnn_is_the_games_own_network():
    space = load_space("minatar-cnn")
    (architecture,) = space
    # A 3x3 convolution to 16 channels and 1,024 -> 128 (Young and Tian, 2019).
    assert space.cost(architecture).parameters == 16 * (4 * 9 + 1) + 128 * (1024 + 1)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("minatar-1", (7, 10, 10)), ("minatar-2", (7, 9, 12)), ("paper-1", (3, 96, 96)), ("mlp", (17,))],
)
def test_spaces_of_the_catalogue_take_the_observations_of_an_environment(name, shape):
    adapted = adapt(load_space(name), shape)
    assert adapted.input_shape == shape
    assert adapted == load_space(name).with_input(shape)


def test_a_space_stays_as_it_is_where_it_cannot_read_the_observations():
    for name, shape in (("minatar-1", (7,)), ("mlp", (3, 10, 10)), ("paper-1", (4, 7, 7))):
        assert adapt(load_space(name), shape) == load_space(name)
    mine = Space("minatar-1", (4, 10, 10), [Flatten()])
    assert adapt(mine, (7, 10, 10)) == mine


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_space_is_loaded_by_its_name(name):
    space = load_space(name)
    assert space.name == name
    assert load_space(space) is space


def test_an_unknown_space_is_refused_with_the_nearest_match():
    with pytest.raises(UserError, match=r"unknown space 'paper1'. Did you mean 'paper-1'\?.*ends in .toml"):
        load_space("paper1")
