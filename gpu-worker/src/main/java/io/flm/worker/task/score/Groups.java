package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which examples are drawn together, and not one by one: pictures of one scene, questions about one picture.
 *
 * @param numbers the number of each example's group, in the order in which groups come first
 */
public record Groups(List<Integer> numbers) {
    public Groups {
        numbers = List.copyOf(numbers);
    }

    /** @param names of each example's group: equal ones are one */
    public static Groups of(List<?> names) {
        Map<Object, Integer> known = new HashMap<>();
        List<Integer> numbers = new ArrayList<>();
        for (Object name : names) {
            numbers.add(known.computeIfAbsent(name, each -> known.size()));
        }
        return new Groups(numbers);
    }

    /** The values of each group. */
    public List<double[]> split(List<Double> values) {
        List<List<Double>> groups = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            if (numbers.get(i) == groups.size()) {
                groups.add(new ArrayList<>());
            }
            groups.get(numbers.get(i)).add(values.get(i));
        }
        return groups.stream()
                .map(group -> group.stream().mapToDouble(value -> value).toArray())
                .toList();
    }

    /** The mean over all examples, and its standard error over groups. */
    public Mean mean(List<Double> values) {
        return Mean.ofGroups(split(values));
    }

    /** As items of a report. */
    public List<Double> asItems() {
        return numbers.stream().map(number -> (double) number).toList();
    }
}
