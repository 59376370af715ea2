package io.flm.launch.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.SmallFile;
import io.flm.worker.model.ServedModel.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Knows an earlier export by what no other program writes. The names of its files are not enough: every folder in the style of Hugging
 * Face has them.
 */
final class EarlierExport {
    private static final Set<String> OFFICIAL = Set.of(Export.OFFICIAL_WEIGHTS, Export.CARD);
    private static final Set<String> TORCHSCRIPT = Stream.concat(
                    Stream.of(Export.CARD), Stream.of(Part.values()).map(Export::archive))
            .collect(Collectors.toUnmodifiableSet());
    private static final Set<String> HF = Set.of(
            Export.HF_WEIGHTS,
            Export.CARD,
            Export.PYTHON,
            Export.CONFIG,
            Export.PREPROCESSOR,
            Export.TOKENIZER,
            Export.TOKENIZER_CONFIG,
            Export.SPECIAL_TOKENS);

    private static final int MOST_BYTES = 16 << 20; // the names of a task's classes are in it
    private static final ObjectMapper JSON = new ObjectMapper();

    private EarlierExport() {}

    /** Whether exports have a file of this name. */
    static boolean isKnown(String name) {
        return OFFICIAL.contains(name) || HF.contains(name) || TORCHSCRIPT.contains(name);
    }

    /**
     * Whether the folder is an export that this program wrote.
     *
     * @param names all that is in the folder
     */
    static boolean is(Path folder, Set<String> names) {
        try {
            if (names.equals(OFFICIAL)) {
                return hasLine(folder.resolve(Export.CARD), OfficialCard.MARK);
            }
            if (TORCHSCRIPT.containsAll(names) && names.contains(Export.CARD)) {
                return hasLine(folder.resolve(Export.CARD), TorchScriptCard.MARK);
            }
            return HF.containsAll(names)
                    && names.contains(Export.PYTHON)
                    && names.contains(Export.CONFIG)
                    && isOurModel(folder.resolve(Export.CONFIG));
        } catch (IOException e) {
            return false; // what cannot be read is not known to be ours
        }
    }

    private static boolean hasLine(Path card, String line) throws IOException {
        String text = new String(SmallFile.read(card, MOST_BYTES), StandardCharsets.UTF_8);
        return text.lines().anyMatch(line::equals);
    }

    private static boolean isOurModel(Path config) throws IOException {
        return JSON.readTree(SmallFile.read(config, MOST_BYTES))
                .path("model_type")
                .asText()
                .equals(ModelConfig.TYPE);
    }
}
