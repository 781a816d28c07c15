/**
 * The Phosphor icons in use (regular; `…On` is the fill weight and means "on" or "here"). Only those imported by a page reach its bundle.
 * @module
 */

export { default as checkCircleOn } from '@phosphor-icons/core/fill/check-circle-fill.svg?icon';
export { default as heartOn } from '@phosphor-icons/core/fill/heart-fill.svg?icon';
export { default as imageOn } from '@phosphor-icons/core/fill/image-fill.svg?icon';
export { default as infoOn } from '@phosphor-icons/core/fill/info-fill.svg?icon';
export { default as trashOn } from '@phosphor-icons/core/fill/trash-fill.svg?icon';
export { default as arrowClockwise } from '@phosphor-icons/core/regular/arrow-clockwise.svg?icon';
export { default as arrowCounterClockwise } from '@phosphor-icons/core/regular/arrow-counter-clockwise.svg?icon';
export { default as arrowLeft } from '@phosphor-icons/core/regular/arrow-left.svg?icon';
export { default as calendar } from '@phosphor-icons/core/regular/calendar-blank.svg?icon';
export { default as camera } from '@phosphor-icons/core/regular/camera.svg?icon';
export { default as caretDown } from '@phosphor-icons/core/regular/caret-down.svg?icon';
export { default as caretLeft } from '@phosphor-icons/core/regular/caret-left.svg?icon';
export { default as caretRight } from '@phosphor-icons/core/regular/caret-right.svg?icon';
export { default as caretUp } from '@phosphor-icons/core/regular/caret-up.svg?icon';
export { default as check } from '@phosphor-icons/core/regular/check.svg?icon';
export { default as copy } from '@phosphor-icons/core/regular/copy.svg?icon';
export { default as phone } from '@phosphor-icons/core/regular/device-mobile.svg?icon';
export { default as dots } from '@phosphor-icons/core/regular/dots-three.svg?icon';
export { default as download } from '@phosphor-icons/core/regular/download-simple.svg?icon';
export { default as eye } from '@phosphor-icons/core/regular/eye.svg?icon';
export { default as eyeOff } from '@phosphor-icons/core/regular/eye-slash.svg?icon';
export { default as gear } from '@phosphor-icons/core/regular/gear-six.svg?icon';
export { default as heart } from '@phosphor-icons/core/regular/heart.svg?icon';
export { default as image } from '@phosphor-icons/core/regular/image.svg?icon';
export { default as info } from '@phosphor-icons/core/regular/info.svg?icon';
export { default as key } from '@phosphor-icons/core/regular/key.svg?icon';
export { default as keyboard } from '@phosphor-icons/core/regular/keyboard.svg?icon';
export { default as search } from '@phosphor-icons/core/regular/magnifying-glass.svg?icon';
export { default as zoomOut } from '@phosphor-icons/core/regular/magnifying-glass-minus.svg?icon';
export { default as zoomIn } from '@phosphor-icons/core/regular/magnifying-glass-plus.svg?icon';
export { default as mapPin } from '@phosphor-icons/core/regular/map-pin.svg?icon';
export { default as monitor } from '@phosphor-icons/core/regular/monitor.svg?icon';
export { default as pause } from '@phosphor-icons/core/regular/pause.svg?icon';
export { default as pencil } from '@phosphor-icons/core/regular/pencil-simple.svg?icon';
export { default as play } from '@phosphor-icons/core/regular/play.svg?icon';
export { default as signOut } from '@phosphor-icons/core/regular/sign-out.svg?icon';
export { default as trash } from '@phosphor-icons/core/regular/trash.svg?icon';
export { default as upload } from '@phosphor-icons/core/regular/upload-simple.svg?icon';
export { default as userPlus } from '@phosphor-icons/core/regular/user-plus.svg?icon';
export { default as users } from '@phosphor-icons/core/regular/users.svg?icon';
export { default as warningCircle } from '@phosphor-icons/core/regular/warning-circle.svg?icon';
export { default as x } from '@phosphor-icons/core/regular/x.svg?icon';
