package io.flm.launch.export;

import com.typesafe.config.Config;
import io.flm.data.FileErrors;
import io.flm.data.Sha256;
import io.flm.data.SmallFile;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ServedModel;
import io.flm.worker.model.ServedModel.Part;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Writes a trained model as other programs read it. The weights of the first two formats are the checkpoint's file, byte for byte: it
 * has the official names already.
 *
 * <pre>
 * official   weights.safetensors   README.md
 * hf         model.safetensors     README.md   config.json   preprocessor_config.json
 *            tokenizer.json   tokenizer_config.json   special_tokens_map.json   modeling_flm.py
 * torchscript   image_encoder.pt   text_scorer.pt   caption_step.pt   README.md
 * </pre>
 */
public final class Export {
    static final String OFFICIAL_WEIGHTS = "weights.safetensors";
    static final String HF_WEIGHTS = "model.safetensors";
    static final String CARD = "README.md";
    static final String PYTHON = "modeling_flm.py";
    static final String CONFIG = "config.json";
    static final String PREPROCESSOR = "preprocessor_config.json";
    static final String TOKENIZER = "tokenizer.json";
    static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    static final String SPECIAL_TOKENS = "special_tokens_map.json";

    private static final int MOST_TOKENIZER_BYTES = 256 << 20;
    private static final int MOST_PYTHON_BYTES = 1 << 20;

    /** What is written. */
    public enum Format {
        /** The weights by the official names. */
        OFFICIAL,
        /** A folder in the style of Hugging Face, with Python that runs the model. */
        HF,
        /** Archives that a server's libtorch asks, without Python or Java. */
        TORCHSCRIPT
    }

    /** A file that was written. */
    public record Written(String name, long bytes, String sha256) {}

    private final ExportSource source;

    private Export(ExportSource source) {
        this.source = source;
    }

    /**
     * Finds the checkpoint, and checks all of it.
     *
     * @param runOrCheckpoint a run's folder, of which the newest whole checkpoint is taken, or a checkpoint's
     * @param overrides settings that differ from those of the run, such as where the tokenizer is
     * @param note is told of newer checkpoints that cannot be used, a line each
     * @throws UserException where there is none, or it is damaged
     */
    public static Export open(Path runOrCheckpoint, Config overrides, Consumer<String> note) {
        return new Export(ExportSource.open(runOrCheckpoint, overrides, note));
    }

    /**
     * Looks whether a folder may be written, before anything takes time.
     *
     * @param force whether an earlier export may be replaced; anything else is left alone whatever it says
     * @throws UserException where it may not
     */
    public static void requireFree(Path folder, boolean force) {
        ExportFolder.requireFree(folder, force);
    }

    public Checkpoint checkpoint() {
        return source.checkpoint();
    }

    /**
     * Writes the folder: it is there whole, or not at all.
     *
     * @param python the file of {@code deploy/python} that {@link Format#HF} takes along
     * @return what was written
     */
    public List<Written> write(Format format, Path folder, boolean force, Path python) {
        requireFree(folder, force);
        return switch (format) {
            case OFFICIAL -> official(folder, force);
            case HF -> huggingFace(folder, force, python);
            case TORCHSCRIPT -> torchScript(folder, force);
        };
    }

    private List<Written> official(Path folder, boolean force) {
        try (ExportFolder begun = ExportFolder.begin(folder, force)) {
            weights(begun, OFFICIAL_WEIGHTS);
            begun.text(CARD, OfficialCard.of(source));
            return begun.publish();
        }
    }

    private List<Written> huggingFace(Path folder, boolean force, Path python) {
        byte[] code = read(python, MOST_PYTHON_BYTES, "this installation lacks it; export from a whole one");
        Path file = source.tokenizerFile();
        try (Tokenizer tokenizer = source.openTokenizer()) {
            byte[] json = read(file, MOST_TOKENIZER_BYTES, "give another with --tokenizer");
            if (!Sha256.of(json).equals(tokenizer.sha256())) {
                throw new UserException(file + ": was altered while it was read; export again");
            }
            int vocabulary = source.settings().vocabulary();
            if (tokenizer.size() > vocabulary) {
                throw new UserException(file + ": has " + tokenizer.size() + " tokens, and the model " + vocabulary
                        + "; give that of its training with --tokenizer");
            }
            ModelConfig config = new ModelConfig(source, tokenizer);
            try (ExportFolder begun = ExportFolder.begin(folder, force)) {
                weights(begun, HF_WEIGHTS);
                begun.text(CONFIG, config.model());
                begun.text(PREPROCESSOR, config.preprocessor());
                begun.bytes(TOKENIZER, json);
                begun.text(TOKENIZER_CONFIG, config.tokenizer());
                begun.text(SPECIAL_TOKENS, config.specialTokens());
                begun.bytes(PYTHON, code);
                begun.text(CARD, ModelCard.of(source, tokenizer.kind()));
                return begun.publish();
            }
        }
    }

    private List<Written> torchScript(Path folder, boolean force) {
        ModelSettings settings = source.servedSettings();
        ServedModel model = new ServedModel(settings, source.objective().parts());
        try (Safetensors weights = Safetensors.open(source.checkpoint().weightsFile());
                ExportFolder begun = ExportFolder.begin(folder, force)) {
            for (Part part : source.served()) {
                begun.write(archive(part), out -> model.write(part, (name, into) -> weights.read(name, 0, into), out));
            }
            begun.text(CARD, TorchScriptCard.of(source, settings));
            return begun.publish();
        }
    }

    static String archive(Part part) {
        return part.name().toLowerCase(Locale.ROOT) + ".pt";
    }

    private static byte[] read(Path file, int most, String otherwise) {
        try {
            return SmallFile.read(file, most);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + "); " + otherwise, e);
        }
    }

    private void weights(ExportFolder into, String name) {
        Checkpoint from = source.checkpoint();
        try {
            if (!into.copy(name, from.weightsFile()).equals(from.weightsFileSha256())) {
                throw new UserException(from.folder() + ": was altered while it was exported; export it again");
            }
        } catch (NoSuchFileException e) {
            throw new UserException(
                    from.folder() + ": was removed while it was exported, its run keeps the newest ones; export again",
                    e);
        } catch (IOException e) {
            throw new UserException(
                    from.weightsFile() + ": cannot be read (" + FileErrors.reason(e) + "); use another checkpoint", e);
        }
    }
}
