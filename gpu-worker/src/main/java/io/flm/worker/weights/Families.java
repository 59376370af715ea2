package io.flm.worker.weights;

import io.flm.data.UserException;
import java.util.List;
import java.util.stream.Collectors;

/** All families, the first that knows a file is taken. */
final class Families {
    private static final List<Family> ALL = List.of(
            new MeterFamily(),
            new FlmFamily(),
            new HuggingFaceClipFamily(),
            new OpenAiClipFamily(),
            new BertFamily(),
            new RobertaFamily());

    private static final int SHOWN = 3;

    private Families() {}

    static Family of(TensorFile file) {
        return ALL.stream()
                .filter(family -> family.knows(file.tensors()))
                .findFirst()
                .orElseThrow(() -> new UserException(file.path() + ": its names are of no known model, such as "
                        + file.tensors().keySet().stream().limit(SHOWN).collect(Collectors.joining(", "))
                        + "; give weights of one of: "
                        + ALL.stream().map(Family::name).collect(Collectors.joining(", "))));
    }
}
