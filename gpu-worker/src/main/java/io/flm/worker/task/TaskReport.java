package io.flm.worker.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a model scored on a task.
 *
 * @param task its key
 * @param examples that were scored
 * @param figures the first one is the task's own measure
 * @param shown some examples, with what the model said
 * @param predictions what the task's server takes; null if it has none
 * @param notes what people should know: what was not counted, and why
 * @param items what each example, or each text of a search, reached, in their order, by the key of the figure that is their mean; of
 *     figures for which it is known. Where examples are not drawn one by one, the number of each one's group is under {@link #GROUP};
 *     of a search that of each picture, and after these of each text
 */
public record TaskReport(
        String task,
        long examples,
        List<TaskFigure> figures,
        List<Shown> shown,
        @Nullable Predictions predictions,
        List<String> notes,
        Map<String, List<Double>> items) {
    /** Of the items: which examples are drawn together. */
    public static final String GROUP = "group";

    /**
     * An example and what the model said.
     *
     * @param pictures RGB values 0..255, [3, S, S] each
     * @param text what the model read beside them, or wrote, as tokens, {@code <s>} first
     * @param question or sentence; empty if there is none
     * @param expected what people said
     * @param given what the model said
     * @param confidence its share of what the model takes for possible, in [0, 1]; NaN if it has none
     */
    public record Shown(
            String key,
            List<byte[]> pictures,
            int[] text,
            String question,
            String expected,
            String given,
            double confidence,
            boolean right) {}

    /**
     * A file in the form that the task's server takes.
     *
     * @param form what it is, for people: {@code VQA v2 results}
     * @param text its content
     */
    public record Predictions(String form, String text) {
        /**
         * A list of objects, each with an id, which is a number if it is written as one, and what the model said.
         *
         * @param idKey what the form calls an id
         * @param saidKey what it calls the words
         */
        public static Predictions ofJson(
                String form, String idKey, List<String> ids, String saidKey, List<String> said) {
            ObjectMapper mapper = new ObjectMapper();
            ArrayNode array = mapper.createArrayNode();
            for (int i = 0; i < ids.size(); i++) {
                ObjectNode entry = array.addObject();
                String id = ids.get(i);
                if (id.matches("0|[1-9]\\d{0,17}")) {
                    entry.put(idKey, Long.parseLong(id));
                } else {
                    entry.put(idKey, id);
                }
                entry.put(saidKey, said.get(i));
            }
            try {
                return new Predictions(form, mapper.writeValueAsString(array) + "\n");
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    public TaskReport {
        figures = List.copyOf(figures);
        shown = List.copyOf(shown);
        notes = List.copyOf(notes);
        items = Map.copyOf(items);
    }

    /** Without what single examples reached. */
    public TaskReport(
            String task,
            long examples,
            List<TaskFigure> figures,
            List<Shown> shown,
            @Nullable Predictions predictions,
            List<String> notes) {
        this(task, examples, figures, shown, predictions, notes, Map.of());
    }

    /** The same with what each example reached, by the key of the figure that is their mean, and their groups. */
    public TaskReport withItems(Map<String, List<Double>> each) {
        return new TaskReport(task, examples, figures, shown, predictions, notes, each);
    }

    /** As JSON: each figure under its key; {@code prior}, {@code majority} and {@code standardError} repeat the keys. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("task", task);
        map.put("examples", examples);
        map.putAll(column(TaskFigure::value));
        map.put("prior", column(TaskFigure::textOnly));
        map.put("majority", column(TaskFigure::majority));
        map.put("standardError", column(TaskFigure::standardError));
        map.put("notes", notes);
        return map;
    }

    private Map<String, @Nullable Object> column(ToDoubleFunction<TaskFigure> of) {
        Map<String, @Nullable Object> column = new LinkedHashMap<>();
        for (TaskFigure figure : figures) {
            double value = of.applyAsDouble(figure);
            column.put(figure.key(), Double.isNaN(value) ? null : value);
        }
        return column;
    }
}
