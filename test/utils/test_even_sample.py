"""Which numbers of a sequence are kept."""

from mtdense_ros.utils.even_sample import EvenSample


def test_it_stays_even_and_small():
    sample = EvenSample(4)
    for number in range(19):
        sample.add(number)
    assert sample.items == [0, 8, 16]


def test_items_need_to_be_made_only_when_they_are_kept():
    sample, made = EvenSample(2), []
    for number in range(9):
        made += [number] * sample.keeps_next
        sample.add(number if sample.keeps_next else None)
    assert sample.items == [0, 8] and made == [0, 1, 2, 4, 8]
