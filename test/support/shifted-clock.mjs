// Preloaded (`node --import`): the process has a clock that is wrong by CLOCK_SHIFT_MINUTES, as a machine without time service has one.
const shift = Number(process.env.CLOCK_SHIFT_MINUTES ?? 0) * 60_000;
const RightDate = Date;

globalThis.Date = class ShiftedDate extends RightDate {
  constructor(...given) {
    if (given.length === 0) super(RightDate.now() + shift);
    else super(...given);
  }

  static now() {
    return RightDate.now() + shift;
  }
};
