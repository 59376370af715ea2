package io.flm.data.annotation;

import java.util.List;

/**
 * A picture and what people wrote under it.
 *
 * @param id of the picture, for predictions
 * @param picture its key
 * @param captions at least one
 */
public record CaptionedPicture(String id, String picture, List<String> captions) {
    public CaptionedPicture {
        captions = List.copyOf(captions);
    }

    /** As an example: each visit draws one of the captions. */
    public Annotated annotated() {
        return new Annotated(id, List.of(picture), captions, new float[0]);
    }
}
