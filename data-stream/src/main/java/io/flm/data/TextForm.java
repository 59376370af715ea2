package io.flm.data;

/** How a text becomes a row of tokens: FLM's authors read captions with a dot at their end, questions and sentences as they are. */
public enum TextForm {
    /** {@code <s> words. </s>}: spaces and dots at the end go, one dot is added. */
    CAPTION,
    /** {@code <s> words </s>}: spaces around it go. */
    AS_IT_IS;

    String clean(String text) {
        return this == CAPTION ? Tokenizer.clean(text) : text.strip();
    }
}
